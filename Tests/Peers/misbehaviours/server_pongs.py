"""A server sends pongs under Engine.IO 4; the browser's bundle takes no notice."""

import asyncio

from harness.expectation import finding, frames


async def play(stage):
    async def serve(ws, number):
        await ws.text('0{"sid":"s1","upgrades":[],"pingInterval":1000,"pingTimeout":2000,"maxPayload":1000000}')
        await ws.until("40")
        await ws.text('40{"sid":"s2"}')
        await ws.text("3")
        await asyncio.sleep(1)
        await ws.text("2")
        await ws.until_end(10)

    await stage.raw_server(serve)
    await stage.browser("""
        const socket = io(url, { transports: ["websocket"], reconnection: false });
        await once(socket, "connect");
        await sleep(1500);
        socket.disconnect();
    """)


NEEDS_NODE = True
RECORDED = [frames("the pong crosses", "eio_type = 'pong' AND sender = 'server'", 1)]
FINDINGS = [finding("eio-wrong-direction-pong", "error", "latent")]
