"""python-socketio 4 as a client: Engine.IO 3. usage: eio3_client.py URL TRANSPORTS SECONDS HOOK-LOG"""

import asyncio
import logging
import sys

import sioscope_hook
import socketio

logging.disable(logging.CRITICAL)

# The library hands coroutines to asyncio.wait, which takes only tasks since Python 3.11.
wait = asyncio.wait
asyncio.wait = lambda coroutines, **options: wait([asyncio.ensure_future(one) for one in coroutines], **options)


async def main(url, transports, seconds, hook_log):
    client = socketio.AsyncClient(reconnection=False)
    hook = sioscope_hook.attach(client, hook_log) if hook_log else None
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
    if hook:
        hook.close()


asyncio.run(main(sys.argv[1], sys.argv[2], float(sys.argv[3]), sys.argv[4]))
