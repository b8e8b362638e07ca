"""A client asks a second time under an id that is still open."""

import asyncio

from harness.expectation import finding, frames


async def play(stage):
    await stage.server()
    ws = await stage.websocket(join=True)
    await ws.event("slow", 1, id=7)
    await asyncio.sleep(0.1)
    await ws.event("slow", 2, id=7)
    await asyncio.sleep(1.5)
    await ws.close()


RECORDED = [
    frames("it asks twice", "event = 'slow' AND ack_id = 7", 2),
    frames("it is answered twice", "sio_type = 'ack' AND ack_id = 7", 2),
]
FINDINGS = [finding("ack-id-reused", "warning")]
NEVER = ["ack-duplicate", "ack-unknown"]
