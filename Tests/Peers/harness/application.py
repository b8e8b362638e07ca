"""The Socket.IO application that the Python servers run, for both generations of the library.

    message    comes back as `message` with the same arguments
    ask        is answered with its arguments by an ack
    slow       the same, half a second later
    question   makes the server emit `question` and wait for the client's ack
    leave      makes the server disconnect the client
Any other event has no handler, and is not acknowledged. The auth token `bad` is refused.
"""

import asyncio


def install(sio, namespaces=("/", "/chat")):
    for namespace in namespaces:
        _install(sio, namespace)


def _install(sio, namespace):
    @sio.on("message", namespace=namespace)
    async def message(sid, *arguments):
        await sio.emit("message", arguments, room=sid, namespace=namespace)

    @sio.on("ask", namespace=namespace)
    async def ask(sid, *arguments):
        return arguments

    @sio.on("slow", namespace=namespace)
    async def slow(sid, *arguments):
        await asyncio.sleep(0.5)
        return arguments

    @sio.on("question", namespace=namespace)
    async def question(sid):
        await sio.emit("question", ["how are you?"], room=sid, namespace=namespace, callback=lambda *answer: None)

    @sio.on("leave", namespace=namespace)
    async def leave(sid):
        await sio.disconnect(sid, namespace=namespace)
