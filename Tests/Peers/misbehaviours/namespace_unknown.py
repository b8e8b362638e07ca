"""A client asks for a namespace that there is not; python-socketio refuses with a string, not the object of v5."""

import asyncio

from harness.expectation import finding, frames

PROXIED = True


async def play(stage):
    await stage.server()
    ws = await stage.websocket(join=True)
    await ws.text("40/nobody,")
    await ws.until("44/nobody,")
    await asyncio.sleep(1.2)
    await ws.close()


RECORDED = [frames("it is refused", "sio_type = 'connect_error' AND payload = '\"Unable to connect\"'", 1)]
FINDINGS = [finding("namespace-rejected", "error"), finding("connect-error-payload-type", "note")]
