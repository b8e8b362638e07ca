"""An Engine.IO 4 client posts as `application/octet-stream`, which only version 3 knew."""

import asyncio

from harness.expectation import finding, shows


async def play(stage):
    await stage.server()
    client = await stage.polling()
    client.start()
    await client.post('42["message","hello"]', headers={"Content-Type": "application/octet-stream"})
    await asyncio.sleep(1)
    await client.close()


RECORDED = [shows("it is posted so", "SELECT count(*) FROM exchanges WHERE request_type = 'application/octet-stream'")]
FINDINGS = [finding("polling-content-type", "error")]
