"""A client asks for a second WebSocket of a session that is upgraded; python-engineio refuses."""

import asyncio

from harness import raw
from harness.expectation import frames, shows


async def play(stage):
    await stage.server()
    client = await stage.polling()
    first = await stage.websocket(f"EIO=4&transport=websocket&sid={client.sid}", opens=False)
    await first.text("2probe")
    await first.until("3probe")
    await first.text("5")
    await asyncio.sleep(0.4)
    second = await stage.websocket(f"EIO=4&transport=websocket&sid={client.sid}", opens=False)
    await asyncio.sleep(1.5)
    if isinstance(second, raw.RawWebSocket):
        await second.close()
    await first.close()


RECORDED = [
    frames("the upgrade is done once", "eio_type = 'upgrade'", 1),
    shows(
        "a second WebSocket is asked for",
        "SELECT count(*) FROM exchanges WHERE target LIKE '%transport=websocket%'", 2),
]
FINDINGS = []
# What the refusal is called is the server's affair; there is no second WebSocket, for it was not accepted.
ALLOWED = ["upgrade-refused"]
NEVER = ["upgrade-duplicate-websocket", "sid-unknown"]
