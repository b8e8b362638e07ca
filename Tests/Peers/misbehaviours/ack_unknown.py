"""A client acknowledges what the server never asked."""

import asyncio

from harness.expectation import finding, frames


async def play(stage):
    await stage.server()
    ws = await stage.websocket(join=True)
    await ws.text("43999[1]")
    await asyncio.sleep(1.5)
    await ws.close()


RECORDED = [frames("the ack crosses", "sio_type = 'ack' AND ack_id = 999", 1)]
FINDINGS = [finding("ack-unknown", "warning")]
