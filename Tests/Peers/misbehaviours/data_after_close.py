"""A client sends an event after its own close frame."""

import asyncio

from harness import raw
from harness.expectation import finding, shows


async def play(stage):
    await stage.server("asgi")
    ws = await stage.websocket(join=True)
    await asyncio.sleep(1.2)
    await ws.bytes(raw.encode_frame(raw.CLOSE, b"\x03\xe8") + raw.encode_frame(raw.TEXT, b'42["message","late"]'))
    ws.has_sent_close = True
    await ws.until_close()
    await ws.end()


RECORDED = [
    shows(
        "the event comes after the close",
        "SELECT (SELECT id FROM frames WHERE event = 'message') >"
        " (SELECT id FROM frames WHERE opcode = 8 AND sender = 'client')",
    )
]
FINDINGS = [finding("ws-data-after-close", "warning")]
