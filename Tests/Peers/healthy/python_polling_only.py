"""python-socketio's client that stays on polling: heartbeats cross in polls and posts."""

import asyncio

from harness.expectation import shows

PROXIED = True


async def play(stage):
    await stage.server()
    client = stage.python_client()
    await client.connect(stage.url, transports=["polling"])
    await client.emit("message", "hello")
    await client.call("ask", 1, timeout=3)
    await asyncio.sleep(3.5)
    await client.disconnect()
    await asyncio.sleep(0.5)


RECORDED = [
    shows("it polls to the end", "SELECT group_concat(transports) FROM sessions", "polling"),
    shows("the server pings", "SELECT count(*) >= 2 FROM heartbeats WHERE ponged_ns IS NOT NULL"),
    shows("the ack came", "SELECT count(*) FROM acks WHERE answered_frame_id IS NOT NULL"),
]
