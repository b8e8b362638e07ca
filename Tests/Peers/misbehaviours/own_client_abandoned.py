"""A server stops pinging sioscope's own client, whose watchdog ends the session."""

from harness.expectation import finding, shows


async def play(stage):
    async def serve(ws, number):
        await ws.text('0{"sid":"s1","upgrades":[],"pingInterval":1000,"pingTimeout":1000,"maxPayload":1000000}')
        await ws.until("40")
        await ws.text('40{"sid":"n1"}')
        await ws.text("2")
        await ws.until_end(10)

    await stage.raw_server(serve)
    client = await stage.own_client("--no-reconnect")
    await client.ended(0)
    if "no ping for 2000 ms" not in client.talk:
        raise RuntimeError(f"it does not say why: {client.talk}")


RECORDED = [
    shows("the client ends it", "SELECT ended_by FROM sessions", "client"),
    shows(
        "two seconds after the ping",
        "SELECT (ended_ns - pinged_ns) / 100000000 BETWEEN 19 AND 24 FROM sessions, heartbeats",
    ),
]
FINDINGS = [finding("server-ping-missed", "error", "confirmed")]
