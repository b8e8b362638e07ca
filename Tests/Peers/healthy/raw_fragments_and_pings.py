"""A message in three WebSocket fragments with a WebSocket ping between them: legal, if rare."""

import asyncio

from harness import raw
from harness.expectation import frames

PROXIED = True


async def play(stage):
    await stage.server("asgi")
    ws = await stage.websocket(join=True)
    await ws.frame(raw.TEXT, b'42["mess', fin=False)
    await ws.frame(raw.PING, b"are you there?")
    await ws.frame(0, b'age",', fin=False)
    await ws.frame(0, b"1]")
    await ws.until('42["message",1]')
    await asyncio.sleep(1.2)
    await ws.close()


RECORDED = [
    frames("it is put together", "event = 'message' AND sender = 'client' AND flags LIKE '%fragmented%'", 1),
    frames("the ping is answered", "layer = 'websocket' AND opcode = 10 AND sender = 'server'", 1),
]
