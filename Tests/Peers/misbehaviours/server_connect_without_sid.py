"""A server answers CONNECT with a bare `40`, as before Socket.IO 3; the browser's bundle never gets connected."""

import asyncio

from harness.expectation import finding, frames


async def play(stage):
    async def serve(ws, number):
        await ws.text('0{"sid":"s1","upgrades":[],"pingInterval":1000,"pingTimeout":2000,"maxPayload":1000000}')
        await ws.until("40")
        await ws.text("40")
        await asyncio.sleep(1)
        await ws.text("2")
        await ws.until_end(10)

    await stage.raw_server(serve)
    await stage.browser("""
        const socket = io(url, { transports: ["websocket"], reconnection: false });
        await once(socket, "connect_error");
        await sleep(1500);
        socket.disconnect();
    """)


NEEDS_NODE = True
RECORDED = [frames("the answer is bare", "sio_type = 'connect' AND sender = 'server' AND size_bytes = 2", 1)]
FINDINGS = [finding("sio-version-mismatch", "error")]
