"""The server leaves the client by `41`, as it may."""

import asyncio

from harness.expectation import frames


async def play(stage):
    await stage.server()
    client = stage.python_client()
    await client.connect(stage.url, transports=["websocket"])
    await client.emit("leave")
    await asyncio.sleep(1.5)


RECORDED = [frames("the server says so", "sio_type = 'disconnect' AND sender = 'server'", 1)]
