"""A session stays on polling for half a minute, though the server offered a WebSocket: perhaps on purpose."""

import asyncio

from harness.expectation import finding, shows


async def play(stage):
    await stage.server()
    client = stage.python_client()
    await client.connect(stage.url, transports=["polling"])
    await asyncio.sleep(32)
    await client.disconnect()
    await asyncio.sleep(0.5)


LASTS = 33
RECORDED = [
    shows("it is offered", "SELECT upgrades FROM sessions", "websocket"),
    shows("it is not taken", "SELECT transports FROM sessions", "polling"),
]
FINDINGS = [finding("stuck-in-polling", "note")]
