"""A client writes its token into the URL, from where it gets into every log."""

import asyncio

from harness.expectation import finding, shows


async def play(stage):
    await stage.server()
    ws = await stage.websocket("EIO=4&transport=websocket&token=not-a-real-one", join=True)
    await asyncio.sleep(1.2)
    await ws.close()


RECORDED = [shows("it is there", "SELECT count(*) FROM exchanges WHERE target LIKE '%token=%'")]
FINDINGS = [finding("secret-in-url", "note")]
