"""A client never answers the server's ping, and python-engineio hangs up."""

from harness.expectation import finding, frames, shows


async def play(stage):
    await stage.server("asgi", ping_timeout=1)
    ws = await stage.websocket(join=True, answers_pings=False)
    await ws.until_close(6)
    await ws.close()


RECORDED = [
    frames("the server pings", "sender = 'server' AND eio_type = 'ping'", 1),
    frames("no pong comes", "eio_type = 'pong'", 0),
    shows("the server ends it", "SELECT ended_by || ' ' || end_class FROM sessions", "server websocket-close"),
]
FINDINGS = [finding("pong-missing", "error", "confirmed")]
