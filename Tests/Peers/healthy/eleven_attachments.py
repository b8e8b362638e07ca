"""Eleven attachments to python-socketio: only newer parsers of JavaScript draw the line at ten."""

import asyncio

from harness.expectation import frames


async def play(stage):
    await stage.server()
    client = stage.python_client()
    await client.connect(stage.url, transports=["websocket"])
    await client.emit("take", [bytes([number]) for number in range(11)])
    await asyncio.sleep(1.5)
    await client.disconnect()
    await asyncio.sleep(0.3)


RECORDED = [frames("all go", "sio_type = 'attachment' AND sender = 'client'", 11)]
NEVER = ["attachment-limit"]
