"""Three seconds are missing from the middle of the capture, with a CONNECT, a heartbeat and half of a binary event."""

import asyncio

from harness.expectation import frames, shows

# The relay leaves out what the proxy sees.
PROXIED = False


async def play(stage):
    await stage.server("asgi")
    ws = await stage.websocket(join=True)
    await asyncio.sleep(1.3)
    await ws.text('451-["message",{"_placeholder":true,"num":0}]')
    await asyncio.sleep(0.2)
    stage.pause_capture()
    await ws.binary(b"\x01")
    await ws.join("/chat")
    await ws.event("ask", 1, id=1, namespace="/chat")
    await ws.until("43/chat,1")
    await asyncio.sleep(3)
    stage.pause_capture(False)
    await ws.event("ask", 2, id=2, namespace="/chat")
    await ws.until("43/chat,2")
    await asyncio.sleep(1.3)
    await ws.close()


RECORDED = [
    shows("bytes are missing", "SELECT missing_bytes > 0 FROM connections"),
    frames("events on a namespace cross that nobody joined", "namespace = '/chat' AND sio_type = 'connect'", 0),
]
NEVER = ["client-packet-outside-namespace", "attachment-missing", "server-ping-missed", "pong-missing"]
