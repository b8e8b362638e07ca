"""The same application on uvicorn, which closes and fragments in its own way."""

import asyncio

from harness.expectation import frames, shows

PROXIED = True


async def play(stage):
    await stage.server("asgi")
    client = stage.python_client()
    await client.connect(stage.url)
    await client.emit("message", "x" * 100_000)
    await client.call("ask", 1, timeout=3)
    await asyncio.sleep(2.5)
    await client.disconnect()
    await asyncio.sleep(0.5)


RECORDED = [
    shows("it is one session over both", "SELECT group_concat(transports) FROM sessions", "polling,websocket"),
    frames("the big message goes and comes back", "event = 'message' AND size_bytes > 100000", 2),
]
