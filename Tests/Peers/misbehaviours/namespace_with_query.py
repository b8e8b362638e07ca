"""A client of Socket.IO 5 writes a query into the namespace, as version 4 had it; Python strips it and connects."""

import asyncio

from harness.expectation import finding, frames


async def play(stage):
    await stage.server()
    ws = await stage.websocket()
    await ws.text("40/chat?token=1,")
    await ws.until("40/chat,")
    await asyncio.sleep(1.2)
    await ws.close()


RECORDED = [frames("the query crosses", "sio_type = 'connect' AND namespace LIKE '%?token=1'", 1)]
FINDINGS = [finding("namespace-syntax", "error")]
# Asked for by one name and answered by another.
ALLOWED = ["connect-unanswered"]
