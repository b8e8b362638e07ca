"""The server disconnects the browser's bundle, which joins again: one lineage, two healthy sessions."""

from harness.expectation import shows


async def play(stage):
    await stage.server()
    await stage.browser("""
        const socket = io(url, { transports: ["websocket"], auth: (give) => give({ time: Date.now() }) });
        await once(socket, "connect");
        await sleep(1300);
        socket.emit("leave");
        await once(socket, "disconnect");
        await sleep(700);
        socket.connect();
        await once(socket, "connect");
        await sleep(1200);
        socket.disconnect();
    """)


NEEDS_NODE = True
RECORDED = [
    shows("there are two sessions", "SELECT count(*) FROM sessions", 2),
    shows("of one client", "SELECT count(DISTINCT lineage) FROM sessions"),
]
