"""A client that pings on its own against its own flapping recording fails; the mended one passes."""

import asyncio
import json

PEER = "eio4"
FAULT = "eio4-client-ping"
# Of a client in Go with Node's server; each session ends 2.5 s in, at once after the client's ping.
RECORDING = "captures/flap/capture.pcapng"
# Of 63: the handshake, the namespace, what the client says on its own, its ping, and the close.
REDUCED = 10


async def client(url, misbehaves):
    import aiohttp

    number = 0
    async with aiohttp.ClientSession() as session:
        while number < 20:
            async with session.ws_connect(f"{url}/socket.io/?EIO=4&transport=websocket") as ws:
                opened = json.loads((await ws.receive_str())[1:])
                await ws.send_str('40/realtime,{"token":"good"}')
                tasks = [asyncio.create_task(say(ws, number))]
                if misbehaves:
                    tasks.append(asyncio.create_task(ping(ws, opened["pingInterval"] / 1000)))
                async for message in ws:
                    if message.data == "2":
                        await ws.send_str("3")
                for task in tasks:
                    task.cancel()
            number += 5
            await asyncio.sleep(1)


async def say(ws, number):
    while True:
        await asyncio.sleep(0.69)
        number += 1
        await ws.send_str('42/realtime,["say",{"seq":%d,"text":"hello"}]' % number)


async def ping(ws, interval):
    while True:
        await asyncio.sleep(interval)
        await ws.send_str("2")
