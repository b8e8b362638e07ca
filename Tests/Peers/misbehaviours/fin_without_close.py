"""A client ends its TCP connection with no close frame before."""

import asyncio

from harness.expectation import finding, shows

PROXIED = True


async def play(stage):
    await stage.server()
    ws = await stage.websocket(join=True)
    await asyncio.sleep(1.2)
    await ws.end()
    await asyncio.sleep(0.5)


RECORDED = [
    shows("it ends so", "SELECT ended_by || ' ' || end_class FROM sessions", "client fin"),
]
FINDINGS = [finding("ws-fin-without-close", "warning")]
