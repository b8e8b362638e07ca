"""A client opens a second WebSocket with the sid of its first; a server like Node's closes it at once."""

import asyncio

from harness.expectation import finding, shows


async def play(stage):
    async def serve(ws, number):
        if number == 2:
            await ws.close(None)
            return
        await ws.text('0{"sid":"s1","upgrades":[],"pingInterval":5000,"pingTimeout":2000,"maxPayload":1000000}')
        await ws.until("40")
        await ws.text('40{"sid":"s2"}')
        await ws.until_end(10)

    await stage.raw_server(serve)
    first = await stage.websocket(join=True)
    second = await stage.websocket("EIO=4&transport=websocket&sid=s1", opens=False)
    await second.until_close()
    await second.close()
    await asyncio.sleep(1)
    await first.close()


RECORDED = [shows("both are accepted", "SELECT count(*) FROM exchanges WHERE status = 101", 2)]
FINDINGS = [finding("upgrade-duplicate-websocket", "warning")]
