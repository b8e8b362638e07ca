"""`2probe` on a WebSocket that upgrades nothing is a client's ping like any other."""

import asyncio

from harness.expectation import finding, frames


async def play(stage):
    await stage.server()
    ws = await stage.websocket(join=True)
    await ws.text("2probe")
    await asyncio.sleep(1.5)
    await ws.close()


RECORDED = [frames("the probe goes unanswered", "payload = 'probe'", 1)]
FINDINGS = [finding("eio4-client-ping", "error", "latent")]
