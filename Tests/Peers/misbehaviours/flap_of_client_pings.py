"""A client pings on its own, a server like Node's closes at once with an empty frame, and the client comes back."""

import asyncio

from harness.expectation import finding, frames, shows


async def play(stage):
    async def serve(ws, number):
        opened = f'"sid":"s{number}","upgrades":[],"pingInterval":2500,"pingTimeout":2000,"maxPayload":1000000'
        await ws.text("0{" + opened + "}")
        await ws.until("40")
        await ws.text('40{"sid":"n1"}')
        await ws.until("2", within=10)
        await ws.close(None)

    await stage.raw_server(serve, answers_pings=False)
    for _ in range(4):
        ws = await stage.websocket(join=True)
        await asyncio.sleep(2.4)
        await ws.text("2")
        await ws.until_close()
        await ws.close()
        await asyncio.sleep(0.8)


LASTS = 14
RECORDED = [
    frames("the client pings", "sender = 'client' AND eio_type = 'ping'", 4),
    shows("the server closes", "SELECT count(*) FROM sessions WHERE ended_by = 'server' AND close_code IS NULL", 4),
]
FINDINGS = [
    finding("eio4-client-ping", "error", "confirmed", count=4),
    finding("flap-periodic", "error", count=None),
]
NEVER = ["server-ping-missed"]
