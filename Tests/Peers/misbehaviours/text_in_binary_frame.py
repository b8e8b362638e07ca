"""A client sends its packets in binary WebSocket frames."""

import asyncio

from harness.expectation import finding, frames


async def play(stage):
    await stage.server()
    ws = await stage.websocket(join=True)
    await ws.binary(b'42["message","hello"]')
    await asyncio.sleep(1.5)
    await ws.close()


RECORDED = [frames("it crosses", "opcode = 2 AND sender = 'client'", 1)]
FINDINGS = [finding("eio-text-in-binary-frame", "error")]
# It is that, too.
ALLOWED = ["attachment-orphan"]
