"""A client emits an event called `disconnect`, a name that the library keeps for itself."""

import asyncio

from harness.expectation import finding, frames


async def play(stage):
    await stage.server()
    ws = await stage.websocket(join=True)
    await ws.event("disconnect")
    await asyncio.sleep(1.5)
    await ws.close()


RECORDED = [frames("it crosses", "event = 'disconnect' AND sender = 'client'", 1)]
FINDINGS = [finding("reserved-event-name", "error", "latent")]
