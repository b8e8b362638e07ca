"""A client writes the code 1005 into a close frame, where it must never stand."""

import asyncio

from harness import raw
from harness.expectation import finding, frames


async def play(stage):
    await stage.server("asgi")
    ws = await stage.websocket(join=True)
    await asyncio.sleep(1.2)
    await ws.frame(raw.CLOSE, b"\x03\xed")
    await ws.until_close()
    await ws.end()


RECORDED = [frames("it crosses", "opcode = 8 AND close_code = 1005", 1)]
FINDINGS = [finding("ws-close-code-invalid", "error")]
