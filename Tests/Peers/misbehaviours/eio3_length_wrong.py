"""A client of Engine.IO 3 counts bytes where UTF-16 units are meant."""

import asyncio

from harness.expectation import finding, shows


async def play(stage):
    await stage.eio3_server()
    client = await stage.polling(join=False, version=3)
    packet = '42["message","grüße"]'
    await client.post(f"{len(packet.encode())}:{packet}".encode())
    await asyncio.sleep(0.3)
    await client.post("1:1")


RECORDED = [shows("the length is wrong", "SELECT count(*) FROM anomalies WHERE detail LIKE '%which fits in bytes;%'")]
FINDINGS = [finding("eio3-length-mismatch", "error")]
ALLOWED = ["eio-malformed-packet"]
