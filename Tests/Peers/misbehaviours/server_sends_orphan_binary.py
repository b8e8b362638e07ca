"""A server sends binary data with no header; the browser's bundle closes with a parse error."""

import asyncio

from harness.expectation import finding, shows


async def play(stage):
    async def serve(ws, number):
        await ws.text('0{"sid":"s1","upgrades":[],"pingInterval":5000,"pingTimeout":2000,"maxPayload":1000000}')
        await ws.until("40")
        await ws.text('40{"sid":"s2"}')
        await asyncio.sleep(0.5)
        await ws.binary(b"\x01\x02\x03")
        await ws.until_end(10)

    await stage.raw_server(serve)
    await stage.browser("""
        const socket = io(url, { transports: ["websocket"], reconnection: false });
        await once(socket, "disconnect");
    """)


NEEDS_NODE = True
RECORDED = [shows("the client closes", "SELECT ended_by || ' ' || end_class FROM sessions", "client websocket-close")]
FINDINGS = [finding("attachment-orphan", "error", "confirmed")]
