"""A client emits before it has joined; python-socketio drops the event with a line in its log."""

import asyncio

from harness.expectation import finding, frames


async def play(stage):
    await stage.server()
    ws = await stage.websocket()
    await ws.event("message", "lost")
    await asyncio.sleep(0.3)
    await ws.join()
    await ws.event("message", "heard")
    await ws.until('42["message","heard"]')
    await asyncio.sleep(0.8)
    await ws.close()


RECORDED = [
    frames("the client says both", "event = 'message' AND sender = 'client'", 2),
    frames("the server hears one", "event = 'message' AND sender = 'server'", 1),
]
FINDINGS = [finding("client-packet-outside-namespace", "error", "latent")]
