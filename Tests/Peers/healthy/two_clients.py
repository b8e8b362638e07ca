"""Two clients talk to one server at the same time, and each answers the server's questions with the same ack ids."""

import asyncio

from harness.expectation import shows

PROXIED = True


async def play(stage):
    await stage.server()
    clients = [stage.python_client(), stage.python_client()]
    for client in clients:

        @client.on("question")
        async def answer(question):
            return "well"

        await client.connect(stage.url, transports=["websocket"])
    for _ in range(3):
        await asyncio.gather(*[client.emit("question") for client in clients])
        await asyncio.sleep(0.8)
    for client in clients:
        await client.disconnect()
    await asyncio.sleep(0.3)


RECORDED = [
    shows("there are two sessions", "SELECT count(*) FROM sessions", 2),
    shows("all questions are answered", "SELECT count(*) FROM acks WHERE answered_frame_id IS NOT NULL", 6),
]
