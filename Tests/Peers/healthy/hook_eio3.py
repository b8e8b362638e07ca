"""The hook for Python logs Engine.IO 3 as it is on the wire: over a WebSocket, an upgrade and polling."""

from harness.expectation import shows

WAYS = ("websocket", "polling,websocket", "polling")


async def play(stage):
    await stage.eio3_server()
    for way in WAYS:
        await stage.eio3_client(way, seconds=1, hook_log=str(stage.hook_log))


RECORDED = [
    shows("each way is a session of version 3", "SELECT count(*) FROM sessions WHERE eio_version = 3", len(WAYS)),
]
LASTS = 8
