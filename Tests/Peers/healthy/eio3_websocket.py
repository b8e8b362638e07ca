"""Engine.IO 3 over a WebSocket: the client pings, and has to."""

from harness.expectation import frames, shows


async def play(stage):
    await stage.eio3_server()
    await stage.eio3_client("websocket", seconds=3)


RECORDED = [
    shows("it is Engine.IO 3", "SELECT group_concat(eio_version) FROM sessions", "3"),
    shows("the client pings", "SELECT count(*) >= 2 FROM heartbeats WHERE sender = 'client'"),
    frames("an ack comes", "sio_type = 'ack'", 1),
    frames("a binary event crosses and comes back", "sio_type = 'attachment'", 2),
]
