"""python-socketio over a WebSocket: events, acks both ways, bytes, two namespaces; ill: pings of its own."""

import asyncio

PEER = "eio4"
FAULT = "eio4-client-ping"
AS_CLIENT_FAULT = "ws-rsv-without-extension"


async def serve(stage):
    await stage.server(ping_timeout=20)


async def client(url, misbehaves):
    import engineio.packet
    import socketio

    sio = socketio.AsyncClient(reconnection=False)
    asked = asyncio.Event()

    @sio.on("question")
    async def answer(question):
        asked.set()
        return {"bytes": b"\x01\x02"}, "well"

    await sio.connect(url, transports=["websocket"], namespaces=["/", "/chat"], auth={"token": "t"})
    await sio.emit("message", {"one": b"\x00\x01", "two": [b"\x02" * 5000, "text"]})
    await sio.call("ask", {"data": b"\x03"}, timeout=3)
    if misbehaves:
        await sio.eio._send_packet(engineio.packet.Packet(engineio.packet.PING))
    await sio.emit("question")
    await asyncio.wait_for(asked.wait(), 3)
    await sio.call("slow", "later", namespace="/chat", timeout=3)
    await asyncio.sleep(1.2)
    await sio.disconnect()
