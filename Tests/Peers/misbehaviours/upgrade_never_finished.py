"""A client probes a WebSocket, and never says `5`."""

import asyncio

from harness.expectation import finding, frames


async def play(stage):
    await stage.server(ping_interval=25, ping_timeout=20)
    client = await stage.polling()
    ws = await stage.websocket(f"EIO=4&transport=websocket&sid={client.sid}", opens=False)
    await ws.text("2probe")
    await ws.until("3probe")
    await asyncio.sleep(11.5)
    await ws.close()


LASTS = 13
RECORDED = [
    frames("the probe is answered", "payload = 'probe'", 2),
    frames("the upgrade is not done", "eio_type = 'upgrade'", 0),
]
FINDINGS = [finding("upgrade-incomplete", "warning")]
# The client does not poll meanwhile, so that nothing of the heartbeat crosses.
ALLOWED = ["poll-gap", "server-ping-missed", "pong-missing"]
