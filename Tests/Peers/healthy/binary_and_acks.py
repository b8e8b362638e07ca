"""Binary events and binary acks, several attachments each, both ways."""

import asyncio

from harness.expectation import frames

PROXIED = True


async def play(stage):
    await stage.server()
    client = stage.python_client()

    @client.on("question")
    async def answer(question):
        return b"\x01\x02"

    await client.connect(stage.url, transports=["websocket"])
    await client.emit("message", {"one": b"\x00\x01", "two": [b"\x02" * 5000, "text"]})
    await client.call("ask", {"data": b"\x03"}, timeout=3)
    await client.emit("question")
    await asyncio.sleep(1.5)
    await client.disconnect()
    await asyncio.sleep(0.5)


RECORDED = [
    frames("binary events cross", "sio_type = 'binary_event'", 3),
    frames("binary acks cross", "sio_type = 'binary_ack'", 2),
    frames("so do their attachments", "sio_type = 'attachment'", 7),
]
