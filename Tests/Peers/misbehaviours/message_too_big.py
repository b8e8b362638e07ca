"""A client sends more than `maxPayload`; the server closes without a word about it."""

from harness.expectation import finding, frames, shows

PROXIED = True


async def play(stage):
    await stage.server("asgi", max_http_buffer_size=1000)
    ws = await stage.websocket(join=True)
    await ws.event("message", "x" * 5000)
    await ws.until_close()
    await ws.close()


RECORDED = [
    frames("the message crosses", "size_bytes > 5000 AND sender = 'client'", 1),
    shows("the server closes", "SELECT ended_by FROM sessions", "server"),
]
FINDINGS = [finding("message-too-big", "error", "confirmed")]
