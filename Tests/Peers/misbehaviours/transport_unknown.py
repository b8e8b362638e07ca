"""A client asks for a transport that there is not, then uses polling."""

import asyncio

from harness.expectation import finding, shows


async def play(stage):
    await stage.server()
    await stage.request("GET", "EIO=4&transport=carrier-pigeon")
    client = await stage.polling()
    client.start()
    await asyncio.sleep(1.2)
    await client.close()


RECORDED = [shows("it is refused", "SELECT count(*) FROM exchanges WHERE status = 400 AND target LIKE '%pigeon%'")]
FINDINGS = [finding("transport-unknown", "warning")]
