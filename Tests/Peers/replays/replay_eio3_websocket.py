"""python-socketio 4, Engine.IO 3, over a WebSocket alone."""

from replays.replay_eio3_upgrade import speak

PEER = "eio3"


async def serve(stage):
    await stage.eio3_server(ping_timeout=20)


async def client(url, misbehaves):
    await speak(url, ["websocket"], misbehaves)
