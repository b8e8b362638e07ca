"""A client sends `42{}`; python-socketio logs an exception and goes on."""

import asyncio

from harness.expectation import finding, shows


async def play(stage):
    await stage.server()
    ws = await stage.websocket(join=True)
    await ws.text("42{}")
    await asyncio.sleep(1.5)
    await ws.close()


RECORDED = [shows("the client ends it", "SELECT ended_by FROM sessions", "client")]
FINDINGS = [finding("sio-malformed-packet", "error", "latent")]
