"""A client answers one question of the server twice."""

import asyncio

from harness.expectation import finding, frames


async def play(stage):
    await stage.server()
    ws = await stage.websocket(join=True)
    await ws.event("question")
    await ws.until("421[")
    await ws.text('431["well"]')
    await ws.text('431["very well"]')
    await asyncio.sleep(1.5)
    await ws.close()


RECORDED = [frames("both cross", "sio_type = 'ack' AND ack_id = 1 AND sender = 'client'", 2)]
FINDINGS = [finding("ack-duplicate", "warning")]
