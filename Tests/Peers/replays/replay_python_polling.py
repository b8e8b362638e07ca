"""python-socketio over polling alone, with bytes; the server ends the namespace."""

import asyncio

PEER = "eio4"


async def serve(stage):
    await stage.server(ping_timeout=20)


async def client(url, misbehaves):
    import socketio

    sio = socketio.AsyncClient(reconnection=False)
    sent_away = asyncio.Event()
    sio.on("disconnect", lambda *reason: sent_away.set())
    await sio.connect(url, transports=["polling"])
    await sio.call("ask", b"\x00\x01", timeout=3)
    await sio.emit("message", "hello")
    await asyncio.sleep(1.2)
    await sio.emit("leave")
    await asyncio.wait_for(sent_away.wait(), 5)
