"""A client cuts its JSON short."""

import asyncio

from harness.expectation import finding, shows


async def play(stage):
    await stage.server()
    ws = await stage.websocket(join=True)
    await ws.text('42["message",{"text":')
    await asyncio.sleep(1.5)
    await ws.close()


RECORDED = [shows("the client ends it", "SELECT ended_by FROM sessions", "client")]
FINDINGS = [finding("sio-malformed-packet", "error", "latent")]
