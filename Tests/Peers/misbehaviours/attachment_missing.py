"""A client announces an attachment and never sends it."""

import asyncio

from harness.expectation import finding, frames


async def play(stage):
    await stage.server()
    ws = await stage.websocket(join=True)
    await ws.text('451-["message",{"_placeholder":true,"num":0}]')
    await asyncio.sleep(11.5)
    await ws.close()


LASTS = 12
RECORDED = [
    frames("the header crosses", "sio_type = 'binary_event'", 1),
    frames("the attachment does not", "sio_type = 'attachment'", 0),
]
FINDINGS = [finding("attachment-missing", "error")]
