"""The browser's bundle asks a path where no Socket.IO is."""

from harness.expectation import finding, shows


async def play(stage):
    await stage.server()
    await stage.browser("""
        const socket = io(url, { path: "/elsewhere/", reconnection: false });
        await once(socket, "connect_error");
    """)


NEEDS_NODE = True
RECORDED = [shows("it is not found", "SELECT count(*) FROM exchanges WHERE status = 404")]
FINDINGS = [finding("not-a-socketio-endpoint", "warning")]
