"""A server masks its frames, which only clients do; node's WebSocket hangs up."""

from harness import raw
from harness.expectation import finding, shows


async def play(stage):
    async def serve(ws, number):
        await ws.text('0{"sid":"s1","upgrades":[],"pingInterval":1000,"pingTimeout":2000,"maxPayload":1000000}')
        await ws.until("40")
        await ws.frame(raw.TEXT, b'40{"sid":"s2"}', masked=True)
        await ws.until_end(5)
        await ws.end()

    await stage.raw_server(serve)
    await stage.browser("""
        const socket = io(url, { transports: ["websocket"], reconnection: false });
        await Promise.race([once(socket, "disconnect"), once(socket.io, "close"), sleep(3000)]);
    """)


NEEDS_NODE = True
RECORDED = [shows("the client ends it", "SELECT ended_by FROM sessions", "client")]
FINDINGS = [finding("ws-masked-server-frame", "error")]
ALLOWED = ["ws-fin-without-close", "tcp-reset-midsession"]
