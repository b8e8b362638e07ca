"""A client does not mask a frame; the server closes with 1002."""

from harness import raw
from harness.expectation import finding, shows


async def play(stage):
    await stage.server("asgi")
    ws = await stage.websocket(join=True)
    await ws.frame(raw.TEXT, b'42["message",1]', masked=False)
    await ws.until_close()
    await ws.close()


RECORDED = [shows("the server closes", "SELECT ended_by || ' ' || close_code FROM sessions", "server 1002")]
FINDINGS = [finding("ws-unmasked-client-frame", "error", "confirmed")]
