"""Engine.IO 3 over polling alone: the client's pings go by POST."""

from harness.expectation import shows


async def play(stage):
    await stage.eio3_server()
    await stage.eio3_client("polling", seconds=3)


RECORDED = [
    shows("it polls to the end", "SELECT group_concat(transports) FROM sessions", "polling"),
    shows("the client pings", "SELECT count(*) >= 2 FROM heartbeats WHERE sender = 'client'"),
]
