"""A client posts 17 packets at once; python-engineio says `OK` and drops them all."""

import asyncio

from harness.expectation import finding, frames


async def play(stage):
    await stage.server()
    client = await stage.polling()
    client.start()
    await client.post("\x1e".join(f'42["message",{number}]' for number in range(17)))
    await asyncio.sleep(1.5)
    await client.close()


RECORDED = [
    frames("17 go", "event = 'message' AND sender = 'client'", 17),
    frames("none comes back", "event = 'message' AND sender = 'server'", 0),
]
FINDINGS = [finding("polling-too-many-packets", "error")]
