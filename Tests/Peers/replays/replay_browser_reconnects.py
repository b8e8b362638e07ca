"""The browser's bundle over a WebSocket loses its server, comes back by itself, and is sent away by it."""

import asyncio

PEER = "browser"
# Its server drops all clients at once.
COPIES = False

SCRIPT = """
    const options = { reconnectionDelay: 300, reconnectionDelayMax: 300, randomizationFactor: 0 };
    const socket = io(url, { ...options, transports: ["websocket"] });
    await once(socket, "connect");
    await socket.emitWithAck("ask", "first");
    socket.emit("drop");
    await once(socket, "disconnect");
    await once(socket, "connect");
    await socket.emitWithAck("ask", "second");
    socket.emit("leave");
    await once(socket, "disconnect");
"""


async def serve(stage):
    sio = await stage.server(ping_timeout=20)

    @sio.on("drop")
    async def drop(sid):
        await asyncio.sleep(0.1)
        for session in list(sio.eio.sockets):
            await sio.eio.disconnect(session)
