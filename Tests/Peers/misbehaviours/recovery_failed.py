"""The browser's bundle comes back with the pid of its last session, and gets a new one."""

import asyncio

from harness.expectation import finding, frames


async def play(stage):
    async def serve(ws, number):
        opened = f'"sid":"s{number}","upgrades":[],"pingInterval":5000,"pingTimeout":2000,"maxPayload":1000000'
        await ws.text("0{" + opened + "}")
        await ws.until("40")
        await ws.text(f'40{{"sid":"socket{number}","pid":"private{number}"}}')
        await ws.text(f'42["news",1,"offset{number}"]')
        if number == 1:
            await asyncio.sleep(2.2)
            await ws.close(None)
        await ws.until_end(10)

    await stage.raw_server(serve)
    await stage.browser("""
        const socket = io(url, { transports: ["websocket"], reconnectionDelay: 500, randomizationFactor: 0 });
        await once(socket, "disconnect");
        await once(socket, "connect");
        await sleep(1500);
        socket.disconnect();
    """)


LASTS = 7
NEEDS_NODE = True
RECORDED = [frames("the pid comes back", "sio_type = 'connect' AND sender = 'client' AND payload LIKE '%private1%'", 1)]
FINDINGS = [finding("recovery-failed", "warning")]
