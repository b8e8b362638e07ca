"""python-socketio over polling, then a WebSocket; ill: pings of its own."""

import asyncio

PEER = "eio4"
FAULT = "eio4-client-ping"


async def serve(stage):
    await stage.server(ping_timeout=20)


async def client(url, misbehaves):
    import engineio.packet
    import socketio

    sio = socketio.AsyncClient(reconnection=False)
    echoed = asyncio.Event()
    sio.on("message", lambda *arguments: echoed.set(), namespace="/chat")
    await sio.connect(url, namespaces=["/", "/chat"])
    await sio.emit("message", ("hello", 1.5, None), namespace="/chat")
    await asyncio.wait_for(echoed.wait(), 3)
    if misbehaves:
        await sio.eio._send_packet(engineio.packet.Packet(engineio.packet.PING))
    await sio.call("ask", 1, timeout=3)
    await asyncio.sleep(1.2)
    await sio.disconnect()
