"""A server acknowledges what the browser's bundle never asked."""

from harness.expectation import finding, frames


async def play(stage):
    async def serve(ws, number):
        await ws.text('0{"sid":"s1","upgrades":[],"pingInterval":5000,"pingTimeout":2000,"maxPayload":1000000}')
        await ws.until("40")
        await ws.text('40{"sid":"s2"}')
        await ws.text("4377[1]")
        await ws.until_end(10)

    await stage.raw_server(serve)
    await stage.browser("""
        const socket = io(url, { transports: ["websocket"], reconnection: false });
        await once(socket, "connect");
        await sleep(1200);
        socket.disconnect();
    """)


NEEDS_NODE = True
RECORDED = [frames("the ack crosses", "sio_type = 'ack' AND ack_id = 77", 1)]
FINDINGS = [finding("ack-unknown", "warning")]
