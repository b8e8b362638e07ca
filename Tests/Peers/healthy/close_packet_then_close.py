"""A client says `1` over a WebSocket and closes it right behind, as those for Python and Swift do."""

import asyncio

from harness.expectation import frames


async def play(stage):
    await stage.server()
    ws = await stage.websocket(join=True)
    await asyncio.sleep(1.2)
    await ws.text("41")
    await ws.text("1")
    await ws.close()


RECORDED = [frames("the packet crosses", "eio_type = 'close' AND sender = 'client'", 1)]
NEVER = ["eio-close-over-websocket"]
