"""A client's connection is reset in the middle."""

import asyncio

from harness.expectation import finding, shows

PROXIED = True


async def play(stage):
    await stage.server()
    ws = await stage.websocket(join=True)
    await asyncio.sleep(1.2)
    await ws.reset()
    await asyncio.sleep(0.5)


RECORDED = [shows("it ends so", "SELECT ended_by || ' ' || end_class FROM sessions", "client rst")]
FINDINGS = [finding("tcp-reset-midsession", "warning")]
