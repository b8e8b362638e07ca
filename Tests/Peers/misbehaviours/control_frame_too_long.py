"""A client sends a WebSocket ping of 126 bytes; the server closes with 1002."""

from harness import raw
from harness.expectation import finding, shows


async def play(stage):
    await stage.server("asgi")
    ws = await stage.websocket(join=True)
    await ws.frame(raw.PING, b"x" * 126)
    await ws.until_close()
    await ws.close()


RECORDED = [shows("the server closes", "SELECT ended_by || ' ' || close_code FROM sessions", "server 1002")]
FINDINGS = [finding("ws-control-frame-invalid", "error", "confirmed")]
