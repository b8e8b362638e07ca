"""A server falls silent while sioscope's own client has events to send: they wait for the next connection."""

import asyncio

from harness.expectation import finding, shows

COUNT = 60


async def play(stage):
    heard = []

    async def serve(ws, number):
        interval = 500 if number == 1 else 25_000
        await ws.text(
            f'0{{"sid":"s{number}","upgrades":[],"pingInterval":{interval},"pingTimeout":500,"maxPayload":1000000}}'
        )
        await ws.until("40")
        await ws.text(f'40{{"sid":"n{number}"}}')
        if number == 1:
            await ws.text("2")
        while message := await ws.next(20):
            if message.text.startswith("42"):
                heard.append(message.text)
                if len(heard) == COUNT:
                    await ws.text('42["all"]')

    # It does not answer a close frame, either: the client has to wait for that.
    await stage.raw_server(serve, answers_close=False)
    client = await stage.own_client()
    for number in range(COUNT):
        client.emit(["n", number])
        await asyncio.sleep(0.1)
    await client.expect({"namespace": "/", "event": "all", "args": []}, within=15)
    await client.interrupt()
    if heard != [f'42["n",{number}]' for number in range(COUNT)]:
        raise RuntimeError(f"not each came once, in order: {heard}")
    if "left out" in client.talk:
        raise RuntimeError(f"it leaves something out: {client.talk}")


LASTS = 12
RECORDED = [shows("there are two sessions", "SELECT count(*) FROM sessions", 2)]
FINDINGS = [finding("server-ping-missed", "error", "confirmed")]
