"""A client opens a session and never joins any namespace."""

import asyncio

from harness.expectation import finding, frames, shows


async def play(stage):
    await stage.server()
    ws = await stage.websocket()
    await asyncio.sleep(12)
    await ws.close()


LASTS = 13
RECORDED = [
    shows("heartbeats cross", "SELECT count(*) > 5 FROM heartbeats WHERE ponged_ns IS NOT NULL"),
    frames("nothing of Socket.IO does", "sio_type IS NOT NULL", 0),
]
FINDINGS = [finding("connect-missing", "error", "latent")]
