"""A client writes a space before its JSON, which Node takes for the ack id 0."""

import asyncio

from harness.expectation import finding, frames


async def play(stage):
    await stage.server()
    ws = await stage.websocket(join=True)
    await ws.text('42 ["message",1]')
    await asyncio.sleep(1.5)
    await ws.close()


RECORDED = [frames("python-socketio answers", "event = 'message' AND sender = 'server'", 1)]
FINDINGS = [finding("ack-id-whitespace", "warning")]
