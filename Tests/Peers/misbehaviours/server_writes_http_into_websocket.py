"""A server writes an HTTP error into the WebSocket, as Werkzeug does after an exception."""

import asyncio

from harness.expectation import finding, shows


async def play(stage):
    async def serve(ws, number):
        await ws.text('0{"sid":"s1","upgrades":[],"pingInterval":1000,"pingTimeout":2000,"maxPayload":1000000}')
        await ws.until("40")
        await ws.text('40{"sid":"s2"}')
        await ws.until("42")
        await ws.bytes(b"HTTP/1.1 500 INTERNAL SERVER ERROR\r\nContent-Length: 5\r\nConnection: close\r\n\r\nsorry")
        await asyncio.sleep(0.3)
        await ws.end()

    await stage.raw_server(serve)
    client = stage.python_client()
    await client.connect(stage.url, transports=["websocket"])
    await client.emit("message", 1)
    await asyncio.wait_for(client.wait(), 10)
    await asyncio.sleep(0.3)


RECORDED = [
    shows("the text is noticed", "SELECT count(*) > 0 FROM anomalies WHERE detail LIKE '%HTTP/1.1%'"),
]
FINDINGS = [finding("http-text-inside-websocket", "error")]
ALLOWED = ["ws-fin-without-close", "tcp-reset-midsession"]
