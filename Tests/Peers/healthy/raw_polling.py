"""A polling client made by hand: one GET pending, packets by POST, the end by `1`."""

import asyncio

from harness.expectation import shows


async def play(stage):
    await stage.server()
    client = await stage.polling()
    client.start()
    await client.post('42["message","hello"]\x1e421["ask",1]')
    await asyncio.sleep(2.5)
    await client.close()


RECORDED = [
    shows("the ack came", "SELECT count(*) FROM acks WHERE answered_frame_id IS NOT NULL"),
    shows("heartbeats cross", "SELECT count(*) >= 1 FROM heartbeats WHERE ponged_ns IS NOT NULL"),
]
