"""Engine.IO 3 over polling, then a WebSocket, with length-prefixed payloads."""

from harness.expectation import shows

PROXIED = True


async def play(stage):
    await stage.eio3_server()
    await stage.eio3_client("polling,websocket", seconds=3)


RECORDED = [
    shows("it is Engine.IO 3", "SELECT group_concat(eio_version) FROM sessions", "3"),
    shows("it is one session over both", "SELECT group_concat(transports) FROM sessions", "polling,websocket"),
    shows("the client pings", "SELECT count(*) >= 2 FROM heartbeats WHERE sender = 'client'"),
]
