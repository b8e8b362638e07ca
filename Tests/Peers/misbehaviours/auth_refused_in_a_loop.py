"""A client asks again and again on one connection, at once, with the token that was refused."""

import asyncio

from harness.expectation import finding, frames


async def play(stage):
    await stage.server()
    ws = await stage.websocket()
    for _ in range(5):
        await ws.text('40{"token":"bad"}')
        await ws.until("44")
    await asyncio.sleep(1.2)
    await ws.close()


RECORDED = [frames("it is refused each time", "sio_type = 'connect_error'", 5)]
FINDINGS = [finding("connect-error-tight-loop", "warning")]
ALLOWED = ["connect-refused-auth"]
