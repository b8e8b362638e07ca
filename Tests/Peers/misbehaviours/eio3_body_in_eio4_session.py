"""A client writes the length-prefixed payloads of Engine.IO 3 into a session of version 4."""

import asyncio

from harness.expectation import finding, shows


async def play(stage):
    await stage.server()
    client = await stage.polling()
    client.start()
    body = '42["message","' + "hello" * 5 + '!"]'
    await client.post(f"{len(body)}:{body}")
    await asyncio.sleep(1)
    await client.close()


RECORDED = [shows("the body crosses", "SELECT count(*) FROM exchanges WHERE method = 'POST' AND request_bytes = 45")]
FINDINGS = [finding("eio-version-mismatch-wire", "error")]
# Each is a way to say the same.
ALLOWED = ["eio-malformed-packet", "sio-malformed-packet", "eio4-client-ping"]
