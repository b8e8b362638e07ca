"""A server falls silent for ever, and a client sits on the dead session instead of ending it."""

import asyncio

from harness.expectation import finding, frames, shows


async def play(stage):
    async def serve(ws, number):
        await ws.text('0{"sid":"s1","upgrades":[],"pingInterval":1000,"pingTimeout":1000,"maxPayload":1000000}')
        await ws.until("40")
        await ws.text('40{"sid":"s2"}')
        await ws.until_end(10)

    await stage.raw_server(serve)
    ws = await stage.websocket(join=True)
    await asyncio.sleep(5.5)
    await ws.close()


LASTS = 7
RECORDED = [
    frames("no ping crosses", "eio_type = 'ping'", 0),
    shows("the client stays", "SELECT (ended_ns - opened_ns) > 5e9 FROM sessions"),
]
FINDINGS = [finding("client-no-watchdog", "warning"), finding("server-ping-missed", "error")]
ALLOWED = ["zombie-session"]
