"""sioscope's own client loses its server twice, and comes back with a fresh token each time."""

import asyncio

from harness.expectation import shows


async def play(stage):
    sio = await stage.server()
    counter = stage.folder / "own_client_reconnects.count"
    counter.write_text("")
    client = await stage.own_client(
        "--auth", f"exec:printf x >>'{counter}'; printf '{{\"token\":\"%s\"}}' \"$(cat '{counter}')\""
    )
    for number in range(3):
        client.emit(["message", number])
        await client.expect({"namespace": "/", "event": "message", "args": [number]})
        if number < 2:
            for session in list(sio.eio.sockets):
                await sio.eio.disconnect(session)
            await asyncio.sleep(3.5)
    await client.interrupt()


LASTS = 12
RECORDED = [
    shows("there are three sessions", "SELECT count(*) FROM sessions", 3),
    shows("of one client", "SELECT count(DISTINCT lineage) FROM sessions"),
    shows(
        "each has its own token",
        "SELECT group_concat(payload, ' ') FROM "
        "(SELECT payload FROM frames WHERE sio_type = 'connect' AND sender = 'client' ORDER BY id)",
        '{"token":"x"} {"token":"xx"} {"token":"xxx"}',
    ),
]
