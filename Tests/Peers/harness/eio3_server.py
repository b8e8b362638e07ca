"""python-socketio 4 on aiohttp: Engine.IO 3. Prints its port. usage: eio3_server.py OPTIONS-AS-JSON"""

import asyncio
import json
import logging
import sys

import socketio
from aiohttp import web

import application

logging.disable(logging.CRITICAL)

# The library hands coroutines to asyncio.wait, which takes only tasks since Python 3.11.
wait = asyncio.wait
asyncio.wait = lambda coroutines, **options: wait([asyncio.ensure_future(one) for one in coroutines], **options)
sio = socketio.AsyncServer(async_mode="aiohttp", **json.loads(sys.argv[1]))
application.install(sio)
app = web.Application()
sio.attach(app)


async def main():
    runner = web.AppRunner(app, handle_signals=False)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


asyncio.run(main())
