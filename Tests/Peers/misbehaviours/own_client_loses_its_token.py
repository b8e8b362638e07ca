"""sioscope's own client loses its server and then its token file: it says so and tries again; a signal ends it well."""

import asyncio

from harness.expectation import shows
from harness.raw import CLOSE


async def play(stage):
    token = stage.folder / "own_client_loses_its_token.json"
    token.write_text('{"token":"good"}')

    async def serve(ws, number):
        await ws.text('0{"sid":"s1","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}')
        await ws.until("40")
        await ws.text('40{"sid":"n1"}')
        token.unlink()
        await ws.frame(CLOSE)
        await ws.until_end(10)

    await stage.raw_server(serve)
    client = await stage.own_client("--auth", f"@{token}")
    await client.says(f"the auth payload could not be made: --auth @{token}: the file cannot be read; reconnecting in")
    for number in range(3):
        client.emit(["n", number])
    await asyncio.sleep(0.5)
    # A session came about: what ended the recording is the signal.
    await client.interrupt()
    if "error" in client.talk:
        raise RuntimeError(f"it takes an outage for its own failure: {client.talk}")
    told = [line for line in client.talk.splitlines() if line.startswith("standard input")]
    if told != ["standard input, line 1, and what follows it, is left out: the recording ends"]:
        raise RuntimeError(f"it does not say what it could not send, once: {client.talk}")


RECORDED = [shows("there is one session", "SELECT count(*) FROM sessions")]
FINDINGS = []
