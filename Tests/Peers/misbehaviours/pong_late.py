"""A client answers pings when three quarters of the ping timeout are over."""

import asyncio

from harness.expectation import finding, shows


async def play(stage):
    await stage.server()
    ws = await stage.websocket(join=True, answers_pings=False)
    for _ in range(2):
        await ws.until("2")
        await asyncio.sleep(1.5)
        await ws.text("3")
    await asyncio.sleep(0.3)
    await ws.close()


RECORDED = [
    shows("both pongs are late", "SELECT count(*) FROM heartbeats WHERE latency_ms > 1400", 2),
    shows("the server waits", "SELECT ended_by FROM sessions", "client"),
]
FINDINGS = [finding("pong-late", "warning", count=2)]
