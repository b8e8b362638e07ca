"""Runs the client of a replay's scenario. usage: replay_client.py NAME URL well|ill"""

import asyncio
import importlib
import logging
import sys

logging.disable(logging.CRITICAL)

# python-socketio 4 hands coroutines to asyncio.wait, which takes only tasks since Python 3.11.
wait = asyncio.wait
asyncio.wait = lambda tasks, **options: wait([asyncio.ensure_future(one) for one in tasks], **options)

scenario = importlib.import_module(f"replays.{sys.argv[1]}")
asyncio.run(scenario.client(sys.argv[2], misbehaves=sys.argv[3] == "ill"))
