"""A namespace is left and joined again on one connection: the second CONNECT is no duplicate."""

import asyncio

from harness.expectation import frames, shows


async def play(stage):
    await stage.server()
    ws = await stage.websocket(join=True)
    await ws.join("/chat")
    await ws.event("ask", 1, id=0, namespace="/chat")
    await ws.until("43/chat,0")
    await ws.text("41/chat,")
    await asyncio.sleep(0.3)
    await ws.join("/chat")
    await ws.event("ask", 1, id=1, namespace="/chat")
    await ws.until("43/chat,1")
    await asyncio.sleep(1.5)
    await ws.close()


RECORDED = [
    frames("it joins twice", "sio_type = 'connect' AND namespace = '/chat' AND sender = 'client'", 2),
    frames("it leaves once", "sio_type = 'disconnect'", 1),
    shows("both acks came", "SELECT count(*) FROM acks WHERE answered_frame_id IS NOT NULL", 2),
]
NEVER = ["connect-duplicate", "client-packet-outside-namespace", "packet-after-disconnect"]
