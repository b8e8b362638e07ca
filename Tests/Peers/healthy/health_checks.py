"""A load balancer asks /socket.io/ without a query, a browser sends a preflight; a session goes on beside them."""

import asyncio

from harness.expectation import shows


async def play(stage):
    await stage.server()
    ws = await stage.websocket(join=True)
    await stage.request("GET", "", headers={"User-Agent": "balancer/1"})
    await stage.request("OPTIONS", "EIO=4&transport=polling", headers={"Origin": "http://shop.example"})
    await stage.request("GET", "", headers={"User-Agent": "balancer/1"})
    await asyncio.sleep(1.2)
    await ws.close()


RECORDED = [
    shows("the checks are refused", "SELECT count(*) FROM exchanges WHERE status = 400", 2),
    shows("the preflight is not", "SELECT status FROM exchanges WHERE method = 'OPTIONS'", 200),
]
