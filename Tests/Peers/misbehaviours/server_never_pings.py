"""A server never pings the browser's bundle, which gives up after pingInterval + pingTimeout."""

from harness.expectation import finding, frames, shows


async def play(stage):
    async def serve(ws, number):
        await ws.text('0{"sid":"s1","upgrades":[],"pingInterval":1000,"pingTimeout":1000,"maxPayload":1000000}')
        await ws.until("40")
        await ws.text('40{"sid":"s2"}')
        await ws.until_end(10)

    await stage.raw_server(serve)
    await stage.browser("""
        const socket = io(url, { transports: ["websocket"], reconnection: false });
        await once(socket, "disconnect");
    """)


NEEDS_NODE = True
RECORDED = [
    frames("no ping crosses", "eio_type = 'ping'", 0),
    shows("the client ends it", "SELECT ended_by || ' ' || end_class FROM sessions", "client websocket-close"),
    shows("after two seconds", "SELECT (ended_ns - opened_ns) / 1e9 BETWEEN 1.9 AND 2.6 FROM sessions"),
]
FINDINGS = [finding("server-ping-missed", "error", "confirmed")]
