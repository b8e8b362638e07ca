"""A polling client goes on polling, but never posts a pong."""

import asyncio

from harness.expectation import finding, frames


async def play(stage):
    await stage.server(ping_timeout=1)
    client = await stage.polling()
    async with asyncio.timeout(8):
        while (await client.get(within=8)).status == 200:
            pass


RECORDED = [
    frames("the server pings", "sender = 'server' AND eio_type = 'ping'", 1),
    frames("no pong comes", "eio_type = 'pong'", 0),
]
FINDINGS = [finding("pong-missing", "error", "confirmed")]
# The poll after the end comes at once.
ALLOWED = ["sid-reuse-after-close"]
LASTS = 8
