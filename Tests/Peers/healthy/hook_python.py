"""The hook for Python in the asynchronous client logs what is on the wire: over a WebSocket, an upgrade and polling."""

import asyncio

import sioscope_hook

from harness.expectation import shows

WAYS = (["websocket"], ["polling", "websocket"], ["polling"])


async def play(stage):
    await stage.server()
    for way in WAYS:
        client = stage.python_client()
        hook = sioscope_hook.attach(client, stage.hook_log)
        await client.connect(stage.url, transports=way, auth={"token": "t"})
        await client.emit("message", {"text": "hello"})
        await client.emit("message", b"\x01\x02\x03")
        await client.call("ask", 1, timeout=3)
        await asyncio.sleep(1.2)
        await client.disconnect()
        await asyncio.sleep(0.5)
        hook.close()


RECORDED = [shows("each way is a session", "SELECT count(*) FROM sessions", len(WAYS))]
LASTS = 8
