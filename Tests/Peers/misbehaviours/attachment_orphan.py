"""A client sends binary data that no header announced."""

import asyncio

from harness.expectation import finding, frames


async def play(stage):
    await stage.server()
    ws = await stage.websocket(join=True)
    await ws.binary(b"\x01\x02\x03")
    await asyncio.sleep(1.5)
    await ws.close()


RECORDED = [frames("it crosses", "opcode = 2 AND sender = 'client'", 1)]
FINDINGS = [finding("attachment-orphan", "error", "latent")]
