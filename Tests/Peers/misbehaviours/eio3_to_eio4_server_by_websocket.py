"""A client of Engine.IO 3 opens a WebSocket to a server of version 4."""

from harness.expectation import finding, shows


async def play(stage):
    await stage.server()
    await stage.eio3_client("websocket", seconds=0)


RECORDED = [shows("it is refused", "SELECT count(*) > 0 FROM exchanges WHERE status >= 400 AND target LIKE '%EIO=3%'")]
FINDINGS = [finding("eio-version-rejected", "error", "confirmed")]
