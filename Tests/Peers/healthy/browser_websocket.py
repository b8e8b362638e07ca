"""The browser's bundle over a WebSocket alone, with a namespace and binary data."""

from harness.expectation import frames


async def play(stage):
    await stage.server("asgi")
    await stage.browser("""
        const socket = io(url + "/chat", { transports: ["websocket"] });
        await once(socket, "connect");
        socket.emit("message", new Uint8Array([1, 2, 3]));
        await once(socket, "message");
        await socket.emitWithAck("ask", { data: new Uint8Array([4]) });
        await sleep(2200);
        socket.disconnect();
    """)


NEEDS_NODE = True
RECORDED = [
    frames("the namespace is joined", "sio_type = 'connect' AND namespace = '/chat'", 2),
    frames("attachments cross both ways", "sio_type = 'attachment'", 4),
]
