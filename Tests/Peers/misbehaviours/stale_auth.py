"""The browser's bundle comes back with the static token that was refused before."""

from harness.expectation import finding, frames, shows


async def play(stage):
    await stage.server()
    await stage.browser("""
        const socket = io(url, { transports: ["websocket"], forceNew: true, auth: { token: "bad" } });
        for (let attempt = 0; attempt < 3; attempt++) {
            await once(socket, "connect_error");
            await sleep(2500);
            if (attempt < 2) socket.connect();
        }
        socket.disconnect();
    """)


LASTS = 9
NEEDS_NODE = True
RECORDED = [
    frames("it is refused three times", "sio_type = 'connect_error'", 3),
    shows("on a connection of its own each", "SELECT count(*) FROM sessions", 3),
]
FINDINGS = [finding("stale-auth-on-reconnect", "error", count=None)]
ALLOWED = ["connect-refused-auth", "connect-error-tight-loop", "session-too-short", "flap-periodic"]
