"""A server's open packet names only the sid."""

import asyncio

from harness.expectation import finding, shows


async def play(stage):
    async def serve(ws, number):
        await ws.text('0{"sid":"s1","upgrades":[]}')
        await ws.until("40")
        await ws.text('40{"sid":"s2"}')
        await asyncio.sleep(1)
        await ws.text("2")
        await ws.until_close()
        await ws.end()

    await stage.raw_server(serve)
    ws = await stage.websocket(join=True)
    await asyncio.sleep(1.5)
    await ws.close()


RECORDED = [shows("there is none", "SELECT count(*) FROM sessions WHERE ping_interval_ms IS NULL")]
FINDINGS = [finding("open-invalid", "error")]
