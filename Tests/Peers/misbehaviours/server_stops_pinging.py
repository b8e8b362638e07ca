"""A server pings once and then forgets; the browser's bundle flaps: several sessions of the same length."""

import asyncio

from harness.expectation import finding, shows


async def play(stage):
    async def serve(ws, number):
        opened = f'"sid":"s{number}","upgrades":[],"pingInterval":1000,"pingTimeout":1000,"maxPayload":1000000'
        await ws.text("0{" + opened + "}")
        await ws.until("40")
        await ws.text('40{"sid":"n1"}')
        await asyncio.sleep(1)
        await ws.text("2")
        await ws.until_end(10)

    await stage.raw_server(serve)
    await stage.browser("""
        const options = { reconnectionDelay: 500, reconnectionDelayMax: 500, randomizationFactor: 0 };
        const socket = io(url, { transports: ["websocket"], ...options });
        for (let session = 0; session < 4; session++) await once(socket, "disconnect");
        socket.disconnect();
    """)


LASTS = 15
NEEDS_NODE = True
RECORDED = [
    shows("there are four sessions", "SELECT count(*) FROM sessions", 4),
    shows("of one client", "SELECT count(DISTINCT lineage) FROM sessions"),
    shows("of the same length", "SELECT (max(ended_ns - opened_ns) - min(ended_ns - opened_ns)) < 1e9 FROM sessions"),
]
FINDINGS = [finding("server-ping-missed", "error", "confirmed", count=4), finding("flap-periodic", "error", count=None)]
