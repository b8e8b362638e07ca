"""python-socketio with `always_connect` refuses by `41` with a payload, an error to the browser's parser."""

from harness.expectation import finding, frames, shows


async def play(stage):
    await stage.server(always_connect=True)
    await stage.browser("""
        const socket = io(url, { transports: ["websocket"], reconnection: false, auth: { token: "bad" } });
        await once(socket, "disconnect");
    """)


NEEDS_NODE = True
RECORDED = [
    frames("the disconnect has a payload", "sio_type = 'disconnect' AND sender = 'server' AND payload LIKE '{%'", 1),
    shows("the client closes", "SELECT ended_by FROM sessions", "client"),
]
FINDINGS = [finding("disconnect-with-payload", "error", "confirmed")]
ALLOWED = ["sio-malformed-packet"]
