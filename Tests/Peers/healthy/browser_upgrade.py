"""The browser's bundle as it is: polling, probe, upgrade, heartbeats, a clean end."""

from harness.expectation import frames, shows

PROXIED = True


async def play(stage):
    await stage.server()
    await stage.browser("""
        const socket = io(url);
        await once(socket, "connect");
        socket.emit("message", "hello");
        await once(socket, "message");
        await socket.emitWithAck("ask", 1);
        await sleep(2500);
        await socket.emitWithAck("ask", 2);
        socket.disconnect();
    """)


NEEDS_NODE = True
RECORDED = [
    shows("it is one session over both", "SELECT group_concat(transports) FROM sessions", "polling,websocket"),
    frames("the upgrade is probed", "payload = 'probe'", 2),
    frames("the upgrade is done", "eio_type = 'upgrade'", 1),
    shows("both acks came", "SELECT count(*) FROM acks WHERE answered_frame_id IS NOT NULL", 2),
]
