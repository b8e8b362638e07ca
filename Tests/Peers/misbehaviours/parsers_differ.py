"""The browser's bundle writes its Socket.IO packets as JSON text, the server answers in MessagePack."""

from harness.expectation import finding, frames


async def play(stage):
    async def serve(ws, number):
        await ws.text('0{"sid":"s1","upgrades":[],"pingInterval":5000,"pingTimeout":2000,"maxPayload":1000000}')
        await ws.until("40")
        await ws.binary(b"\x83\xa4type\x00\xa3nsp\xa1/\xa4data\x81\xa3sid\xa2s2")
        await ws.until_end(10)

    await stage.raw_server(serve)
    await stage.browser("""
        const socket = io(url, { transports: ["websocket"], reconnection: false });
        await Promise.race([once(socket.io, "close"), sleep(3000)]);
    """)


NEEDS_NODE = True
RECORDED = [frames("the answer is binary", "opcode = 2 AND sender = 'server'", 1)]
FINDINGS = [finding("parser-mismatch", "error")]
NEVER = ["attachment-orphan"]
