"""A client joins the root namespace twice; python-socketio refuses the second time in the words of an unknown one."""

import asyncio

from harness.expectation import finding, frames


async def play(stage):
    await stage.server()
    ws = await stage.websocket(join=True)
    await ws.text("40")
    await ws.until("44")
    await asyncio.sleep(1.2)
    await ws.close()


RECORDED = [
    frames("it joins twice", "sio_type = 'connect' AND sender = 'client'", 2),
    frames("it is refused once", "sio_type = 'connect_error'", 1),
]
FINDINGS = [finding("connect-duplicate", "error", "latent")]
NEVER = ["namespace-rejected"]
