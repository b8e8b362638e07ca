"""A server disconnects the browser's bundle from a namespace and goes on emitting there."""

import asyncio

from harness.expectation import finding, frames


async def play(stage):
    async def serve(ws, number):
        await ws.text('0{"sid":"s1","upgrades":[],"pingInterval":5000,"pingTimeout":2000,"maxPayload":1000000}')
        await ws.until("40")
        await ws.text('40{"sid":"s2"}')
        await ws.until("40/chat,")
        await ws.text('40/chat,{"sid":"s3"}')
        await asyncio.sleep(0.5)
        await ws.text("41/chat,")
        await asyncio.sleep(0.5)
        await ws.text('42/chat,["news",1]')
        await ws.until_end(10)

    await stage.raw_server(serve)
    await stage.browser("""
        const root = io(url, { transports: ["websocket"], reconnection: false });
        await once(root, "connect");
        const chat = root.io.socket("/chat");
        await once(chat, "disconnect");
        await sleep(1500);
        root.disconnect();
    """)


NEEDS_NODE = True
RECORDED = [
    frames("the server disconnects", "sio_type = 'disconnect' AND namespace = '/chat' AND sender = 'server'", 1),
    frames("it goes on", "event = 'news'", 1),
]
FINDINGS = [finding("packet-after-disconnect", "warning")]
