"""A client emits on a namespace that it never joined."""

import asyncio

from harness.expectation import finding, frames


async def play(stage):
    await stage.server()
    ws = await stage.websocket(join=True)
    await ws.event("message", "lost", namespace="/chat")
    await asyncio.sleep(1.5)
    await ws.close()


RECORDED = [frames("it goes unheard", "namespace = '/chat'", 1)]
FINDINGS = [finding("client-packet-outside-namespace", "error", "latent")]
