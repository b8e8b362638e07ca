"""A client asks by an event that nobody handles, and waits for half a minute."""

import asyncio

from harness.expectation import finding, shows


async def play(stage):
    await stage.server()
    ws = await stage.websocket(join=True)
    await ws.event("nobody-listens", id=1)
    await asyncio.sleep(32)
    await ws.close()


LASTS = 33
RECORDED = [shows("no ack comes", "SELECT count(*) FROM acks WHERE answered_frame_id IS NULL")]
FINDINGS = [finding("ack-unanswered", "warning")]
