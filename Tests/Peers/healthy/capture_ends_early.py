"""The capture ends between the server's ping and a pong that has time enough, with an ack still to come."""

import asyncio

from harness.expectation import shows

# The relay leaves out what the proxy sees.
PROXIED = False


async def play(stage):
    await stage.server(ping_timeout=5)
    ws = await stage.websocket(join=True, answers_pings=False)
    await ws.event("slow", 1, id=1)
    await ws.until("2")
    await ws.event("slow", 2, id=2)
    await asyncio.sleep(0.2)
    stage.pause_capture()
    await ws.text("3")
    await ws.close()


RECORDED = [
    shows("the ping is unanswered", "SELECT count(*) FROM heartbeats WHERE ponged_ns IS NULL"),
    shows("so is an event", "SELECT count(*) FROM acks WHERE answered_frame_id IS NULL"),
    shows("the end is missing", "SELECT complete_tail FROM sessions", 0),
]
NEVER = ["pong-missing", "ack-unanswered"]
