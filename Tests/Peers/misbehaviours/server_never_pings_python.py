"""A server never pings python-socketio's client, which gives up too."""

import asyncio

from harness.expectation import finding, frames, shows


async def play(stage):
    async def serve(ws, number):
        await ws.text('0{"sid":"s1","upgrades":[],"pingInterval":1000,"pingTimeout":1000,"maxPayload":1000000}')
        await ws.until("40")
        await ws.text('40{"sid":"s2"}')
        await ws.until_end(10)
        await ws.end()

    await stage.raw_server(serve)
    client = stage.python_client()
    await client.connect(stage.url, transports=["websocket"])
    await asyncio.wait_for(client.wait(), 10)
    await asyncio.sleep(0.5)


LASTS = 6
RECORDED = [
    frames("no ping crosses", "eio_type = 'ping'", 0),
    shows("the client ends it", "SELECT ended_by FROM sessions", "client"),
]
FINDINGS = [finding("server-ping-missed", "error", "confirmed")]
ALLOWED = ["ws-fin-without-close"]
