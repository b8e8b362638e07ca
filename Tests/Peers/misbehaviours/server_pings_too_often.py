"""A server pings half a second after each pong, though it advertised four seconds."""

import asyncio

from harness.expectation import finding, shows


async def play(stage):
    async def serve(ws, number):
        await ws.text('0{"sid":"s1","upgrades":[],"pingInterval":4000,"pingTimeout":2000,"maxPayload":1000000}')
        await ws.until("40")
        await ws.text('40{"sid":"s2"}')
        for _ in range(3):
            await asyncio.sleep(0.5)
            await ws.text("2")
            await ws.until("3")
        await ws.until_end(5)

    await stage.raw_server(serve, answers_pings=False)
    await stage.browser("""
        const socket = io(url, { transports: ["websocket"], reconnection: false });
        await once(socket, "connect");
        await sleep(2500);
        socket.disconnect();
    """)


NEEDS_NODE = True
RECORDED = [shows("it pings three times", "SELECT count(*) FROM heartbeats WHERE ponged_ns IS NOT NULL", 3)]
FINDINGS = [finding("ping-cadence-drift", "error", count=None)]
