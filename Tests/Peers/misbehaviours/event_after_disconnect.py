"""A client leaves a namespace and goes on emitting there."""

import asyncio

from harness.expectation import finding, frames


async def play(stage):
    await stage.server()
    ws = await stage.websocket(join=True)
    await ws.join("/chat")
    await ws.text("41/chat,")
    await asyncio.sleep(0.3)
    await ws.event("message", "too late", namespace="/chat")
    await asyncio.sleep(1.2)
    await ws.close()


RECORDED = [
    frames("it leaves", "sio_type = 'disconnect' AND namespace = '/chat'", 1),
    frames("it goes on", "event = 'message' AND sender = 'client'", 1),
]
FINDINGS = [finding("client-packet-outside-namespace", "error", "latent")]
# The same, less precisely.
NEVER = ["packet-after-disconnect"]
