"""A client sends pongs that nobody asked for."""

import asyncio

from harness.expectation import finding, shows


async def play(stage):
    await stage.server()
    ws = await stage.websocket(join=True)
    await asyncio.sleep(0.4)
    await ws.text("3")
    await asyncio.sleep(2)
    await ws.close()


RECORDED = [
    shows(
        "there is a pong too many",
        "SELECT count(*) FILTER (WHERE eio_type = 'pong') - count(*) FILTER (WHERE eio_type = 'ping') FROM frames",
    )
]
FINDINGS = [finding("pong-unsolicited", "warning")]
