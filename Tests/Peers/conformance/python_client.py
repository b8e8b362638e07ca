"""python-socketio as a client under test: it keeps the contract of docs/conformance.md.

usage: python_client.py URL, with the variables of `sioscope conformance`
"""

import asyncio
import os
import sys

import socketio

CANNOT = 77
TRANSPORTS = {"websocket": ["websocket"], "polling": ["polling"], "upgrade": ["polling", "websocket"]}


async def main():
    transports = TRANSPORTS[os.environ.get("SIOSCOPE_TRANSPORT", "upgrade")]
    namespaces = os.environ.get("SIOSCOPE_NAMESPACES", "/").split()
    client = socketio.AsyncClient(logger=False)
    attempts = 0

    def auth():
        nonlocal attempts
        attempts += 1
        return {"attempt": attempts}

    for namespace in namespaces:
        handle(client, namespace)
    await client.connect(sys.argv[1], auth=auth, transports=transports, namespaces=namespaces, wait=False)
    # wait() returns at an end for which there is no way back; what happens then is the scenario's affair.
    await client.wait()
    await asyncio.Event().wait()


def handle(client, namespace):
    async def message(*arguments):
        await client.emit("message-back", arguments, namespace=namespace)

    async def message_with_ack(*arguments):
        return arguments

    async def ask(name, *arguments):
        answered = asyncio.get_running_loop().create_task
        await client.emit(
            name, arguments, namespace=namespace,
            callback=lambda *answer: answered(client.emit("answered", answer, namespace=namespace)),
        )

    async def burst(count, text):
        for number in range(count):
            await client.emit("item", (number, text), namespace=namespace)

    def leave():
        # There is no way to leave one namespace alone.
        os._exit(CANNOT)

    async def quit_():
        await client.disconnect()

    client.on("message", message, namespace=namespace)
    client.on("message-with-ack", message_with_ack, namespace=namespace)
    client.on("ask", ask, namespace=namespace)
    client.on("burst", burst, namespace=namespace)
    client.on("leave", leave, namespace=namespace)
    client.on("quit", quit_, namespace=namespace)


asyncio.run(main())
