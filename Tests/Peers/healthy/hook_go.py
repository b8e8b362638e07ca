"""The hook for Go around a WebSocket of nhooyr.io/websocket logs what is on the wire."""

from harness.expectation import shows


async def play(stage):
    await stage.server()
    await stage.go_client()


NEEDS_GO = True
RECORDED = [
    shows("it is a session", "SELECT count(*) FROM sessions", 1),
    shows("the question is answered", "SELECT count(*) FROM acks WHERE answered_frame_id IS NOT NULL", 1),
]
LASTS = 4
