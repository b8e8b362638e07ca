"""A client announces a binary event with no attachments, `450-`."""

import asyncio

from harness.expectation import finding, frames


async def play(stage):
    await stage.server()
    ws = await stage.websocket(join=True)
    await ws.text('450-["message"]')
    await asyncio.sleep(1.5)
    await ws.close()


RECORDED = [frames("it crosses", "sio_type = 'binary_event' AND attachments = 0", 1)]
FINDINGS = [finding("attachment-zero", "error")]
