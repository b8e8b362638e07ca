"""A client has two polls pending at once."""

import asyncio

from harness.expectation import finding, shows


async def play(stage):
    await stage.server()
    client = await stage.polling()
    first = asyncio.create_task(client.get())
    await asyncio.sleep(0.2)
    second = asyncio.create_task(client.get())
    await asyncio.sleep(0.1)
    await client.post('421["ask",1]\x1e422["ask",2]')
    await asyncio.gather(first, second, return_exceptions=True)
    await client.post("3")
    await client.close()


RECORDED = [
    shows(
        "they overlap",
        "SELECT count(*) FROM exchanges one JOIN exchanges other ON one.id < other.id AND one.method = 'GET' AND"
        " other.method = 'GET' AND other.requested_ns < one.answered_ns",
    )
]
FINDINGS = [finding("poll-overlap", "error")]
ALLOWED = ["pong-unsolicited"]
