"""A server never answers the pings of an Engine.IO 3 client, which gives up."""

from harness.expectation import finding, frames, shows


async def play(stage):
    async def serve(ws, number):
        await ws.text('0{"sid":"s1","upgrades":[],"pingInterval":1000,"pingTimeout":500}')
        await ws.text("40")
        await ws.until_end(15)
        await ws.end()

    await stage.raw_server(serve, answers_pings=False)
    await stage.eio3_client("websocket", seconds=0.99, within=20)


LASTS = 10
RECORDED = [
    shows("the client pings", "SELECT count(*) > 0 FROM frames WHERE eio_type = 'ping' AND sender = 'client'"),
    frames("no pong crosses", "eio_type = 'pong'", 0),
]
FINDINGS = [finding("eio3-pong-missing", "error", count=None)]
