"""A server throws the browser's bundle out after a second, each time that it comes back."""

import asyncio

from harness.expectation import finding, shows


async def play(stage):
    async def serve(ws, number):
        opened = f'"sid":"s{number}","upgrades":[],"pingInterval":5000,"pingTimeout":2000,"maxPayload":1000000'
        await ws.text("0{" + opened + "}")
        await ws.until("40")
        await ws.text('40{"sid":"n1"}')
        await asyncio.sleep(1)
        await ws.close(None)

    await stage.raw_server(serve)
    await stage.browser("""
        const options = { reconnectionDelay: 600, reconnectionDelayMax: 600, randomizationFactor: 0 };
        const socket = io(url, { transports: ["websocket"], ...options });
        for (let session = 0; session < 4; session++) await once(socket, "disconnect");
        socket.disconnect();
    """)


LASTS = 8
NEEDS_NODE = True
RECORDED = [shows("four are short", "SELECT count(*) FROM sessions WHERE ended_ns - opened_ns < 2e9", 4)]
FINDINGS = [finding("session-too-short", "warning", count=None)]
ALLOWED = ["flap-periodic"]
