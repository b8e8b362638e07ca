"""A client sends a packet of type 9, which there is not."""

import asyncio

from harness.expectation import finding, frames


async def play(stage):
    await stage.server()
    ws = await stage.websocket(join=True)
    await ws.text("9hello")
    await asyncio.sleep(1.5)
    await ws.close()


RECORDED = [frames("it crosses", "layer = 'engineio' AND eio_type IS NULL", 1)]
FINDINGS = [finding("eio-malformed-packet", "error")]
