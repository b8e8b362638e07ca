"""A client ends its session by `1`, and asks again under the same sid."""

import asyncio

from harness.expectation import finding, frames, shows


async def play(stage):
    await stage.server()
    client = await stage.polling()
    await client.post('421["ask",1]')
    await client.get()
    await client.post("1")
    await asyncio.sleep(1.5)
    await client.get()


RECORDED = [
    frames("it says that it leaves", "eio_type = 'close' AND sender = 'client'", 1),
    shows("the sid is refused", "SELECT count(*) FROM exchanges WHERE status = 400"),
]
FINDINGS = [finding("sid-reuse-after-close", "warning")]
NEVER = ["sid-unknown"]
