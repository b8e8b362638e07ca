"""The server closes; the client does not answer, but goes on emitting."""

import asyncio

from harness import raw
from harness.expectation import finding, frames


async def play(stage):
    async def serve(ws, number):
        await ws.text('0{"sid":"s1","upgrades":[],"pingInterval":10000,"pingTimeout":5000,"maxPayload":1000000}')
        await ws.until("40")
        await ws.text('40{"sid":"s2"}')
        await asyncio.sleep(0.5)
        await ws.frame(raw.CLOSE)
        await asyncio.sleep(7)
        await ws.end()

    await stage.raw_server(serve)
    ws = await stage.websocket(join=True, answers_close=False)
    await ws.until_close()
    for number in range(4):
        await asyncio.sleep(1.6)
        await ws.event("message", number)
    await asyncio.sleep(0.2)


LASTS = 9
RECORDED = [frames("one close frame crosses", "opcode = 8", 1), frames("events do", "event = 'message'", 4)]
FINDINGS = [finding("ws-close-unanswered", "warning")]
