"""python-engineio with an interval below a second advertises 0, and the browser's bundle gives up too early."""

from harness.expectation import finding, shows


async def play(stage):
    await stage.server(ping_interval=0.5, ping_timeout=1)
    await stage.browser("""
        const socket = io(url, { transports: ["websocket"], reconnection: false });
        await once(socket, "connect");
        await sleep(2000);
        socket.disconnect();
    """)


NEEDS_NODE = True
RECORDED = [shows("the interval is 0", "SELECT ping_interval_ms FROM sessions", 0)]
FINDINGS = [finding("open-invalid", "error")]
