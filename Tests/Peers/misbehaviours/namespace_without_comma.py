"""A client forgets the comma between namespace and auth, so that both become the name."""

import asyncio

from harness.expectation import finding, frames


async def play(stage):
    await stage.server()
    ws = await stage.websocket()
    await ws.text('40/chat{"token":1}')
    await ws.until("44/chat")
    await asyncio.sleep(1.2)
    await ws.close()


RECORDED = [frames("it is refused", "sio_type = 'connect_error' AND sender = 'server'", 1)]
FINDINGS = [finding("namespace-syntax", "error")]
ALLOWED = ["namespace-rejected"]
