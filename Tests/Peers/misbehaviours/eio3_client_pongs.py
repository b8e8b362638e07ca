"""A client of Engine.IO 3 sends pongs, which are the server's there."""

import asyncio

from harness.expectation import finding, frames


async def play(stage):
    await stage.eio3_server()
    ws = await stage.websocket("EIO=3&transport=websocket")
    await ws.until("40")
    await ws.text("3")
    await asyncio.sleep(0.6)
    await ws.text("2")
    await ws.until("3")
    await ws.close()


RECORDED = [frames("its pong crosses", "eio_type = 'pong' AND sender = 'client'", 1)]
FINDINGS = [finding("eio-wrong-direction-pong", "error")]
