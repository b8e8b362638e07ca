"""The server refuses a client's token."""

import asyncio

from harness.expectation import finding, frames


async def play(stage):
    await stage.server()
    ws = await stage.websocket()
    await ws.text('40{"token":"bad"}')
    await ws.until("44")
    await asyncio.sleep(1.2)
    await ws.close()


RECORDED = [frames("it is refused", "sio_type = 'connect_error' AND payload LIKE '%not authorised%'", 1)]
FINDINGS = [finding("connect-refused-auth", "warning")]
