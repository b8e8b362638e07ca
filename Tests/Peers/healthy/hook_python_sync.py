"""The hook for Python in the synchronous client logs what is on the wire."""

import asyncio
import time

import sioscope_hook
import socketio

from harness.expectation import shows

WAYS = (["websocket"], ["polling", "websocket"], ["polling"])


def run(url, way, sink):
    client = socketio.Client(reconnection=False, handle_sigint=False)
    hook = sioscope_hook.attach(client, sink)
    client.connect(url, transports=way)
    client.emit("message", {"text": "hello"})
    client.emit("message", b"\x01\x02\x03")
    client.call("ask", 1, timeout=3)
    time.sleep(1.2)
    client.disconnect()
    time.sleep(0.5)
    hook.close()


async def play(stage):
    await stage.server()
    for way in WAYS:
        await asyncio.to_thread(run, stage.url, way, stage.hook_log)


RECORDED = [shows("each way is a session", "SELECT count(*) FROM sessions", len(WAYS))]
# The client's own: its DISCONNECT comes from another thread than its close frame, now and then behind it.
ALLOWED = ["ws-data-after-close"]
LASTS = 8
