"""python-socketio 4, Engine.IO 3, over polling, then a WebSocket; ill: a pong of its own."""

import asyncio

PEER = "eio3"
FAULT = "eio-wrong-direction-pong"


async def serve(stage):
    await stage.eio3_server(ping_timeout=20)


async def client(url, misbehaves):
    await speak(url, ["polling", "websocket"], misbehaves)


async def speak(url, transports, misbehaves):
    import engineio.packet
    import socketio

    sio = socketio.AsyncClient(reconnection=False)
    await sio.connect(url, transports=transports, namespaces=["/", "/chat"])
    await asyncio.sleep(0.3)
    await sio.emit("message", {"text": "hello"})
    await sio.call("ask", "how are you?", timeout=3)
    if misbehaves:
        await sio.eio._send_packet(engineio.packet.Packet(engineio.packet.PONG))
    await sio.emit("message", b"\x01\x02\x03", namespace="/chat")
    await asyncio.sleep(1.3)
    await sio.disconnect()
    await asyncio.sleep(0.2)
