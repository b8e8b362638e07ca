"""The capture begins in the middle of a session: what it shows first is a pong, and an ack."""

from harness.expectation import frames, shows

# The relay leaves out what the proxy sees.
PROXIED = False


async def play(stage):
    await stage.server()
    stage.pause_capture()
    ws = await stage.websocket(join=True, answers_pings=False)
    await ws.event("question")
    await ws.until("421[")
    await ws.until("2")
    stage.pause_capture(False)
    await ws.text("3")
    await ws.text('431["well"]')
    for _ in range(2):
        await ws.until("2")
        await ws.text("3")
    await ws.close()


RECORDED = [
    shows("the open packet is missing", "SELECT complete_head FROM sessions", 0),
    frames("an ack of before crosses", "sio_type = 'ack'", 1),
]
NEVER = ["pong-unsolicited", "ack-unknown", "client-packet-outside-namespace"]
