"""A client goes on polling after it said `5` on the WebSocket."""

import asyncio

from harness.expectation import finding, shows


async def play(stage):
    await stage.server()
    client = await stage.polling()
    ws = await stage.websocket(f"EIO=4&transport=websocket&sid={client.sid}", opens=False)
    await ws.text("2probe")
    await ws.until("3probe")
    await ws.text("5")
    await asyncio.sleep(0.5)
    await client.get()
    await client.get()
    await asyncio.sleep(1.2)
    await ws.close()


RECORDED = [
    shows(
        "it polls afterwards",
        "SELECT count(*) FROM exchanges WHERE method = 'GET' AND requested_ns >"
        " (SELECT at_ns FROM frames WHERE eio_type = 'upgrade')",
        2,
    )
]
FINDINGS = [finding("upgrade-late-polling", "warning", count=None)]
