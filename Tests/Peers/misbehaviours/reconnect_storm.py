"""A client that is thrown out comes back at once, again and again."""

import asyncio

from harness.expectation import finding, shows


async def play(stage):
    async def serve(ws, number):
        opened = f'"sid":"s{number}","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000'
        await ws.text("0{" + opened + "}")
        await ws.until("40")
        await ws.text('40{"sid":"n1"}')
        await asyncio.sleep(0.3)
        await ws.close(None)

    await stage.raw_server(serve)
    for _ in range(8):
        ws = await stage.websocket(join=True)
        await ws.until_close()
        await ws.close()
        await asyncio.sleep(0.1)


LASTS = 6
RECORDED = [shows("there are eight sessions", "SELECT count(*) FROM sessions", 8)]
FINDINGS = [finding("reconnect-storm", "error", count=None)]
ALLOWED = ["flap-periodic", "session-too-short"]
