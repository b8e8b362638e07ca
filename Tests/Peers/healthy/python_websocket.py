"""python-socketio's client over a WebSocket: events, acks both ways, heartbeats, a clean end."""

import asyncio

from harness.expectation import shows

PROXIED = True


async def play(stage):
    await stage.server()
    client = stage.python_client()

    @client.on("question")
    async def answer(question):
        return "well"

    await client.connect(stage.url, transports=["websocket"])
    await client.emit("message", {"text": "hello"})
    await client.call("ask", 1, timeout=3)
    await client.emit("question")
    await asyncio.sleep(2.5)
    await client.disconnect()
    await asyncio.sleep(0.5)


RECORDED = [
    shows("there is one session", "SELECT count(*) FROM sessions"),
    shows("both acks came", "SELECT count(*) FROM acks WHERE answered_frame_id IS NOT NULL", 2),
    shows("the server pings", "SELECT count(*) >= 2 FROM heartbeats WHERE ponged_ns IS NOT NULL"),
    shows("the client ends it", "SELECT ended_by FROM sessions", "client"),
]
