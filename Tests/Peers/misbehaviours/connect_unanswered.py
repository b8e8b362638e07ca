"""A server never answers the browser's CONNECT, while its heartbeat goes on."""

import asyncio

from harness.expectation import finding, frames


async def play(stage):
    async def serve(ws, number):
        await ws.text('0{"sid":"s1","upgrades":[],"pingInterval":1000,"pingTimeout":2000,"maxPayload":1000000}')
        while not ws.has_sent_close:
            await ws.text("2")
            await asyncio.sleep(1)
        await ws.until_end()

    await stage.raw_server(serve)
    await stage.browser("""
        const socket = io(url, { transports: ["websocket"], reconnection: false });
        await sleep(22500);
        socket.disconnect();
    """)


LASTS = 24
NEEDS_NODE = True
RECORDED = [
    frames("the client joins", "sio_type = 'connect' AND sender = 'client'", 1),
    frames("no answer comes", "sio_type IS NOT NULL AND sender = 'server'", 0),
]
FINDINGS = [finding("connect-unanswered", "warning")]
