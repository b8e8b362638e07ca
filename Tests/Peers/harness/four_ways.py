"""One scenario seen four ways at once: by a hook in the client, a proxy, the interface, and tcpdump with an import.

All four must give the same frames: types, payloads, and the order of each direction.
"""

import asyncio
import shutil
import signal
import socket
import sqlite3
import subprocess

import aiohttp.web
import socketio
import sioscope_hook

from . import application
from .proxy import RecordingProxy, frame_differences

TITLE = "hook, proxy, interface and tcpdump give the same frames"
WAYS = (["websocket"], ["polling", "websocket"], ["polling"])
# A hook sees packets, and neither close frames nor what they cost.
FRAMES = """
    SELECT sessions.sid, frames.sender, frames.transport, frames.eio_type, frames.sio_type, frames.namespace,
        frames.event, frames.ack_id, frames.attachments, frames.size_bytes, frames.payload, hex(frames.binary)
    FROM frames JOIN sessions ON sessions.id = frames.session_id JOIN captures ON captures.id = sessions.capture_id
    WHERE frames.layer = 'engineio' AND captures.tap IS NOT 'proxy-back' ORDER BY frames.id
"""


def obstacle():
    """Why it cannot be played here; None where it can."""
    if shutil.which("tcpdump") is None:
        return "tcpdump is not installed"
    try:
        socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0).close()
    except PermissionError:
        return "capturing packets needs root or CAP_NET_RAW"
    return None


async def differences(binary, folder):
    """In words; none where all four are the same."""
    folder = folder / "four_ways"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    server = aiohttp.web.AppRunner(_application(), handle_signals=False, access_log=None, shutdown_timeout=0.2)
    await server.setup()
    listener = socket.create_server(("127.0.0.1", 0))
    await aiohttp.web.SockSite(server, listener).start()
    proxy = RecordingProxy(binary, folder / "proxy.db")
    watchers = []
    try:
        port = await asyncio.to_thread(proxy.start, listener.getsockname()[1])
        watch = ["record", "pcap", "-i", "lo", "-p", str(port), "-o", folder / "interface.db"]
        watchers.append(await asyncio.to_thread(_watch, [binary, *watch], "recording lo"))
        dump = ["tcpdump", "-i", "lo", "-U", "-Z", "root", "-w", folder / "tcpdump.pcap", "tcp", "port", str(port)]
        watchers.append(await asyncio.to_thread(_watch, dump, "listening on lo"))
        for way in WAYS:
            await _play(f"http://127.0.0.1:{port}", way, folder / "hook.jsonl")
        await proxy.stop()
    finally:
        statuses = [await asyncio.to_thread(_end, watcher) for watcher in watchers]
        await server.cleanup()
    if statuses != [130, 0]:
        return [f"the watchers ended with {statuses}, not 130 and 0"]
    for source, name in (("hook.jsonl", "hook"), ("tcpdump.pcap", "tcpdump")):
        command = [binary, "import", folder / source, "-o", folder / f"{name}.db"]
        done = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, timeout=60)
        if done.returncode != 0:
            return [f"{source} could not be imported: {done.stderr.strip()}"]
    expected = _frames(folder / "tcpdump.db")
    sessions = {sid for sid, _ in expected}
    # Each way is a session, and in each one both sides said as much as the script makes them.
    if len(sessions) != len(WAYS) or any(len(frames) < 4 for frames in expected.values()):
        return [f"tcpdump saw {len(sessions)} sessions with {[len(one) for one in expected.values()]} frames"]
    return [
        difference
        for name in ("interface", "proxy", "hook")
        for difference in frame_differences(name, expected, _frames(folder / f"{name}.db"))
    ]


def _application():
    sio = socketio.AsyncServer(async_mode="aiohttp", cors_allowed_origins="*", ping_interval=1, ping_timeout=2)
    application.install(sio)
    app = aiohttp.web.Application()
    sio.attach(app)
    return app


async def _play(url, way, hook_log):
    client = socketio.AsyncClient(reconnection=False, handle_sigint=False)
    hook = sioscope_hook.attach(client, str(hook_log))
    answered = asyncio.Event()

    @client.on("question")
    async def answer(question):
        answered.set()
        return "well"

    await client.connect(url, transports=way, auth={"token": "t"})
    await client.emit("message", {"text": "häßlich"})
    await client.emit("message", (b"\x01\x02\xff", {"deep": [b"\x00" * 300]}))
    await client.call("ask", 1, timeout=3)
    await client.emit("question")
    await asyncio.wait_for(answered.wait(), 3)
    # Long enough for a heartbeat.
    await asyncio.sleep(1.5)
    await client.disconnect()
    await asyncio.sleep(0.3)
    hook.close()


def _watch(command, ready):
    """Starts a program and waits until it says that it listens."""
    process = subprocess.Popen(
        list(map(str, command)), stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    said = ""
    while ready not in said:
        line = process.stderr.readline()
        if not line:
            raise RuntimeError(f"{command[0]} ended with {process.wait()}: {said}")
        said += line
    return process


def _end(process):
    process.send_signal(signal.SIGINT)
    try:
        process.communicate(timeout=20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
    return process.returncode


def _frames(database):
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    try:
        streams = {}
        for row in connection.execute(FRAMES):
            streams.setdefault(row[:2], []).append(row[2:])
        return streams
    finally:
        connection.close()
