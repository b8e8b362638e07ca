"""A client's text is no UTF-8; the server closes with 1007."""

from harness import raw
from harness.expectation import finding, shows


async def play(stage):
    await stage.server("asgi")
    ws = await stage.websocket(join=True)
    await ws.frame(raw.TEXT, b'42["message","\xff\xfe"]')
    await ws.until_close()
    await ws.close()


RECORDED = [shows("the server closes", "SELECT ended_by || ' ' || close_code FROM sessions", "server 1007")]
FINDINGS = [finding("ws-invalid-utf8", "error", "confirmed")]
# The same bytes, seen from above.
ALLOWED = ["sio-malformed-packet", "eio-malformed-packet"]
