"""python-socketio's client over polling, then a WebSocket; a namespace beside the root."""

import asyncio

from harness.expectation import shows

PROXIED = True


async def play(stage):
    await stage.server()
    client = stage.python_client()
    await client.connect(stage.url, namespaces=["/", "/chat"])
    await client.emit("message", "hello", namespace="/chat")
    await client.call("ask", 1, namespace="/chat", timeout=3)
    await asyncio.sleep(2.5)
    await client.disconnect()
    await asyncio.sleep(0.5)


RECORDED = [
    shows("it is one session over both", "SELECT group_concat(transports) FROM sessions", "polling,websocket"),
    shows("both namespaces are joined", "SELECT count(DISTINCT namespace) FROM frames WHERE sio_type = 'connect'", 2),
    shows("the ack came", "SELECT count(*) FROM acks WHERE answered_frame_id IS NOT NULL"),
]
