"""python-socketio 4 as a client: Engine.IO 3. usage: eio3_client.py URL TRANSPORTS-WITH-COMMAS SECONDS"""

import asyncio
import logging
import sys

import socketio

logging.disable(logging.CRITICAL)

# The library hands coroutines to asyncio.wait, which takes only tasks since Python 3.11.
wait = asyncio.wait
asyncio.wait = lambda coroutines, **options: wait([asyncio.ensure_future(one) for one in coroutines], **options)


async def main(url, transports, seconds):
    client = socketio.AsyncClient(reconnection=False)
    await client.connect(url, transports=transports.split(","), namespaces=["/", "/chat"])
    await asyncio.sleep(0.3)
    if client.connected:
        await client.emit("message", {"text": "hello"})
    if client.connected and seconds >= 1:
        await client.call("ask", "how are you?", timeout=2)
        await client.emit("message", b"\x01\x02\x03")
    await asyncio.sleep(seconds)
    if client.connected:
        await client.disconnect()
    await asyncio.sleep(0.3)


asyncio.run(main(sys.argv[1], sys.argv[2], float(sys.argv[3])))
