"""A client of Engine.IO 3 never pings; python-engineio 3 gives it five seconds of grace and hangs up."""

from harness.expectation import finding, frames, shows


async def play(stage):
    await stage.eio3_server(ping_timeout=8)
    ws = await stage.websocket("EIO=3&transport=websocket")
    await ws.until_end(28)
    await ws.end()


LASTS = 29
RECORDED = [
    frames("no ping crosses", "eio_type = 'ping'", 0),
    shows("the server ends it", "SELECT ended_by FROM sessions", "server"),
]
FINDINGS = [finding("eio3-client-ping-missing", "error", "confirmed")]
ALLOWED = ["ws-fin-without-close"]
