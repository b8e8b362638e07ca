"""A server says `1` over the WebSocket; the browser's bundle ignores it and stays until the heartbeat is missed."""

import asyncio

from harness.expectation import finding, frames, shows


async def play(stage):
    async def serve(ws, number):
        await ws.text('0{"sid":"s1","upgrades":[],"pingInterval":1000,"pingTimeout":1000,"maxPayload":1000000}')
        await ws.until("40")
        await ws.text('40{"sid":"s2"}')
        await asyncio.sleep(0.3)
        await ws.text("1")
        await ws.until_end(10)

    await stage.raw_server(serve)
    await stage.browser("""
        const socket = io(url, { transports: ["websocket"], reconnection: false });
        await once(socket, "disconnect");
    """)


NEEDS_NODE = True
RECORDED = [
    frames("the packet crosses", "eio_type = 'close' AND sender = 'server'", 1),
    shows("the client stays", "SELECT max(at_ns) - min(at_ns) > 1.5e9 FROM frames"),
]
FINDINGS = [finding("eio-close-over-websocket", "warning")]
# What follows from it.
ALLOWED = ["server-ping-missed"]
