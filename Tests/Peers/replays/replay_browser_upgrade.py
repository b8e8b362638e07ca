"""The browser's bundle over polling, then a WebSocket, with acks both ways and bytes; ill: pings of its own."""

PEER = "browser"
FAULT = "eio4-client-ping"

SCRIPT = """
    const socket = io(url, { reconnection: false });
    socket.on("question", (question, answer) => answer("well", new Uint8Array([1, 2])));
    await once(socket, "connect");
    socket.emit("message", "hello");
    await once(socket, "message");
    // Bytes go by polling only where there is a FileReader.
    if (socket.io.engine.transport.name === "polling") await once(socket.io.engine, "upgrade");
    socket.emit("message", { bytes: new Uint8Array([0, 255]) }, "text");
    await once(socket, "message");
    await socket.emitWithAck("ask", 1);
    /* here */
    socket.emit("question");
    await sleep(1200);
    await socket.emitWithAck("ask", 2);
    socket.disconnect();
"""
ILL_SCRIPT = SCRIPT.replace("/* here */", 'socket.io.engine.transport.send([{ type: "ping" }]);')


async def serve(stage):
    await stage.server(ping_timeout=20)
