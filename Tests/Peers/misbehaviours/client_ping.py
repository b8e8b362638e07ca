"""An Engine.IO 4 client pings on its own; python-engineio passes it over, and the client never learns."""

import asyncio

from harness.expectation import finding, frames, shows


async def play(stage):
    await stage.server()
    ws = await stage.websocket(join=True)
    for _ in range(3):
        await asyncio.sleep(0.8)
        await ws.text("2")
    await asyncio.sleep(1.5)
    await ws.close()


RECORDED = [
    frames("the client pings", "sender = 'client' AND eio_type = 'ping'", 3),
    frames("nobody answers", "sender = 'server' AND eio_type = 'pong'", 0),
    shows("the server does not mind", "SELECT ended_by FROM sessions", "client"),
]
FINDINGS = [finding("eio4-client-ping", "error", "latent", count=3)]
