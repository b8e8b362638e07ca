"""A client's placeholder points past its only attachment; python-socketio swallows all that follows."""

import asyncio

from harness.expectation import finding, frames


async def play(stage):
    await stage.server()
    ws = await stage.websocket(join=True)
    await ws.text('451-["message",{"_placeholder":true,"num":5}]')
    await ws.binary(b"\x01")
    await asyncio.sleep(1.5)
    await ws.close()


RECORDED = [frames("both cross", "sender = 'client' AND sio_type IN ('binary_event', 'attachment')", 2)]
FINDINGS = [finding("attachment-count-mismatch", "error")]
