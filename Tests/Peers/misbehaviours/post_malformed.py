"""A client posts `abc`; python-engineio says `OK`, and the session goes on."""

import asyncio

from harness.expectation import finding, shows


async def play(stage):
    await stage.server()
    client = await stage.polling()
    client.start()
    await client.post("abc")
    await client.post('421["ask",1]')
    await asyncio.sleep(1)
    await client.close()


RECORDED = [shows("the session goes on", "SELECT count(*) FROM acks WHERE answered_frame_id IS NOT NULL")]
FINDINGS = [finding("eio-malformed-packet", "error", "latent")]
