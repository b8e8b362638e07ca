"""A server speaks Socket.IO at once, without Engine.IO's open packet."""

import asyncio
import contextlib

from harness.expectation import finding, frames


async def play(stage):
    async def serve(ws, number):
        await ws.text('40{"sid":"s2"}')
        await ws.text('42["welcome"]')
        await ws.until_end(10)

    await stage.raw_server(serve)
    client = stage.python_client()
    with contextlib.suppress(Exception):
        await client.connect(stage.url, transports=["websocket"], wait_timeout=2)
    await asyncio.sleep(1)


RECORDED = [frames("no open packet crosses", "eio_type = 'open'", 0), frames("an event does", "event = 'welcome'", 1)]
FINDINGS = [finding("open-missing", "error")]
ALLOWED = ["ws-fin-without-close", "tcp-reset-midsession"]
