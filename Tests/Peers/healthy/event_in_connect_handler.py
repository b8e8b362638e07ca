"""A handler emits while it connects, so that the event crosses before the answer to CONNECT: usual with Python."""

import asyncio

from harness.expectation import shows


async def play(stage):
    sio = await stage.server()

    @sio.on("connect", namespace="/chat")
    async def connect(sid, environ, auth=None):
        await sio.emit("welcome", "hello", room=sid, namespace="/chat")

    client = stage.python_client()
    await client.connect(stage.url, transports=["websocket"], namespaces=["/chat"])
    await asyncio.sleep(1.5)
    await client.disconnect()
    await asyncio.sleep(0.3)


RECORDED = [
    shows(
        "the event comes first",
        "SELECT (SELECT id FROM frames WHERE event = 'welcome') <"
        " (SELECT id FROM frames WHERE sio_type = 'connect' AND sender = 'server')",
    )
]
