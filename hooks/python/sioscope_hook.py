"""Hook log of python-socketio and python-engineio clients, for sioscope.

    import sioscope_hook
    sio = socketio.Client()                      # or AsyncClient, engineio.Client, engineio.AsyncClient
    hook = sioscope_hook.attach(sio, "run.jsonl")            # a file, appended to
    hook = sioscope_hook.attach(sio, "unix:/tmp/hooks.sock") # or: sioscope record hook --listen unix:/tmp/hooks.sock
    hook = sioscope_hook.attach(sio, "127.0.0.1:9100", token="...")

Attach before connecting. What the client sends and receives is written one JSON object a line, over both transports,
with what happens before the upgrade; `sioscope import run.jsonl -o run.db` reads the file. Engine.IO 3 and 4
(python-engineio 3.13 and later). One file, no dependencies; copy it.

The client is never slowed down or broken: lines wait in a queue (16 MiB) that a thread of its own writes. Where the
file or the socket cannot take them they are dropped; `hook.dropped` counts them. `hook.close()` waits for the rest for
a second, as does the end of the process.

Times are those of the call, on this machine. WebSocket pings are seen only with the synchronous client, which answers
them itself. Sizes are those of messages after inflate. HTTP bodies of refusals and headers are not logged.

Copyright: the authors of sioscope, Apache-2.0.
"""

import atexit
import base64
import contextvars
import functools
import inspect
import itertools
import json
import os
import queue
import socket
import threading
import time

__all__ = ["attach", "Hook"]

QUEUE_BYTES = 16 << 20

# Which hook a WebSocket that is being made belongs to; None for those of others.
_making = contextvars.ContextVar("sioscope_hook", default=None)
_names = itertools.count(1)
_patched = set()


def attach(client, sink, token=None):
    """Logs a client of python-socketio or python-engineio to `sink` from now on, and returns the hook.

    `sink` is the path of a file, `unix:PATH` or `HOST:PORT`; `token` is what `record hook --token` asks for.
    """
    hook = Hook(sink, token)
    _watch(getattr(client, "eio", client), hook)
    return hook


class Hook:
    """Writes lines to a sink without ever making the caller wait."""

    def __init__(self, sink, token=None):
        self.dropped = 0
        self._sink = os.fspath(sink)
        self._token = token
        self._lines = queue.SimpleQueue()
        self._waiting = 0
        self._lock = threading.Lock()
        self._idle = threading.Event()
        self._idle.set()
        self._output = None
        self._retry = 0.0
        threading.Thread(target=self._run, name="sioscope-hook", daemon=True).start()
        atexit.register(self.close)

    def write(self, session, kind, **fields):
        """Queues a line; never raises, never waits."""
        try:
            fields = {key: value for key, value in fields.items() if value is not None}
            line = {"v": 1, "at_ns": time.time_ns(), "session": session, "kind": kind, **fields}
            data = json.dumps(line, separators=(",", ":")).encode() + b"\n"
            with self._lock:
                if self._waiting + len(data) > QUEUE_BYTES:
                    self.dropped += 1
                    return
                self._waiting += len(data)
                self._idle.clear()
            self._lines.put(data)
        except Exception:
            self.dropped += 1

    def close(self, timeout=1.0):
        """Waits until all that was queued is written, or `timeout` seconds."""
        self._idle.wait(timeout)

    def _run(self):
        while True:
            data = self._lines.get()
            try:
                self._put(data)
            except Exception:
                self.dropped += 1
                self._output = None
                self._retry = time.monotonic() + 1.0
            with self._lock:
                self._waiting -= len(data)
                if self._waiting == 0:
                    self._idle.set()

    def _put(self, data):
        if self._output is None:
            if time.monotonic() < self._retry:
                self.dropped += 1
                return
            self._output = self._open()
        self._output(data)

    def _open(self):
        if self._sink.startswith("unix:"):
            stream = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            stream.settimeout(5)
            stream.connect(self._sink[5:])
        elif _is_address(self._sink):
            host, port = self._sink.rsplit(":", 1)
            stream = socket.create_connection((host.strip("[]"), int(port)), timeout=5)
        else:
            file = open(self._sink, "ab", buffering=0)
            return file.write
        if self._token is not None:
            stream.sendall(json.dumps({"token": self._token}).encode() + b"\n")
        return stream.sendall


def _is_address(text):
    host, colon, port = text.rpartition(":")
    return bool(colon and host and port.isdigit() and "/" not in text)


# The client


def _watch(eio, hook):
    """Wraps the two places of an Engine.IO client where bytes go in and out."""
    connection = {"name": None, "url": None}
    send_request = eio._send_request
    connect_websocket = eio._connect_websocket
    agent = _agent(eio)

    def before(method, url, body):
        if "sid=" not in url or connection["name"] is None:
            connection.update(name="py%d-%d" % (os.getpid(), next(_names)), url=url)
            hook.write(connection["name"], "open", url=url, transport="polling", client=agent)
        if method == "POST":
            _payload(hook, connection["name"], "client", body, url)

    def after(method, url, status, content):
        name = connection["name"]
        if status is None:
            hook.write(name, "close", transport="polling", code=1006, end="fin")
        elif status >= 400:
            hook.write(name, "close", transport="polling", by="server", code=1006, end="http-error")
        elif method == "GET":
            _payload(hook, name, "server", content, url)

    if inspect.iscoroutinefunction(send_request):
        _patch_aiohttp()

        @functools.wraps(send_request)
        async def request(method, url, headers=None, body=None, timeout=None):
            _quietly(before, method, url, body)
            response = await send_request(method, url, headers=headers, body=body, timeout=timeout)
            status, content = getattr(response, "status", None), b""
            if status is not None:
                try:
                    content = await response.read()  # kept by aiohttp: the client reads it again
                except Exception:
                    status = None
            _quietly(after, method, url, status, content)
            return response

        @functools.wraps(connect_websocket)
        async def connect(*arguments, **options):
            token = _making.set((hook, agent))
            try:
                return await connect_websocket(*arguments, **options)
            finally:
                _making.reset(token)
    else:
        _patch_websocket_client()

        @functools.wraps(send_request)
        def request(method, url, headers=None, body=None, timeout=None):
            _quietly(before, method, url, body)
            response = send_request(method, url, headers=headers, body=body, timeout=timeout)
            _quietly(after, method, url, getattr(response, "status_code", None), getattr(response, "content", b""))
            return response

        @functools.wraps(connect_websocket)
        def connect(*arguments, **options):
            token = _making.set((hook, agent))
            try:
                return connect_websocket(*arguments, **options)
            finally:
                _making.reset(token)

    eio._send_request = request
    eio._connect_websocket = connect


def _quietly(function, *arguments):
    """A hook that fails must not be noticed by the client."""
    try:
        function(*arguments)
    except Exception:
        pass


def _agent(eio):
    module = __import__(type(eio).__module__.split(".")[0])
    return "python-%s/%s" % (module.__name__, getattr(module, "__version__", _version(module.__name__)))


def _version(name):
    try:
        from importlib.metadata import version

        return version("python-" + name)
    except Exception:
        return "unknown"


# Polling payloads


def _payload(hook, name, sender, body, url):
    data = body if isinstance(body, bytes) else (body or "").encode()
    packets = data.split(b"\x1e") if "EIO=4" in url else _version3(data)
    for packet in packets:
        if isinstance(packet, bytearray):
            hook.write(
                name, "message", sender=sender, transport="polling", base64=base64.b64encode(packet).decode()
            )
        elif packet:
            hook.write(name, "message", sender=sender, transport="polling", text=packet.decode("utf-8", "replace"))


def _version3(data):
    """Packets of an Engine.IO 3 payload: bytes for a text, a bytearray for a binary record, type byte included."""
    packets, start = [], 0
    while start < len(data):
        if data[0] in (0, 1):
            end = data.index(0xFF, start)
            count = int("".join(map(str, data[start + 1 : end])) or "0")
            record = data[end + 1 : end + 1 + count]
            packets.append(bytearray(record) if data[start] == 1 else record)
            start = end + 1 + count
        else:
            colon = data.index(b":", start)
            # Lengths count characters.
            text = data[colon + 1 :].decode("utf-8", "replace")[: int(data[start:colon])].encode()
            packets.append(text)
            start = colon + 1 + len(text)
    return packets


# WebSockets


class _Connection:
    """One WebSocket: names it, and logs what passes."""

    def __init__(self, making, url):
        self.hook, agent = making
        self.name = "py%d-%d" % (os.getpid(), next(_names))
        self.closed = False
        self.write("open", url=url, client=agent)

    def write(self, kind, **fields):
        self.hook.write(self.name, kind, transport="websocket", **fields)

    def message(self, sender, data):
        if isinstance(data, str):
            self.write("message", sender=sender, text=data)
        else:
            self.write("message", sender=sender, base64=base64.b64encode(bytes(data)).decode())

    def close(self, by, code, reason=""):
        # The answer to a close frame is no news.
        if not self.closed:
            self.closed = True
            self.write("close", by=by, code=code, reason=reason)


def _patch_websocket_client():
    """The synchronous clients' WebSocket, of the package websocket-client."""
    try:
        import websocket
    except ImportError:
        return  # polling only
    if "websocket" in _patched:
        return
    _patched.add("websocket")
    create_connection = websocket.create_connection

    @functools.wraps(create_connection)
    def create(url, *arguments, **options):
        making = _making.get()
        ws = create_connection(url, *arguments, **options)
        if making is not None:
            _quietly(_log_websocket_client, ws, _Connection(making, url))
        return ws

    websocket.create_connection = create


def _log_websocket_client(ws, connection):
    send, receive = ws.send, ws.recv_data_frame

    def logged_send(payload, opcode=1):
        if not connection.closed:
            _quietly(log, "client", opcode, payload)
            return send(payload, opcode)
        result = send(payload, opcode)  # where it works, it was sent behind the close frame
        _quietly(log, "client", opcode, payload)
        return result

    def logged_receive(*arguments, **options):
        try:
            opcode, frame = receive(*arguments, **options)
        except Exception as error:
            if "Closed" in type(error).__name__:
                connection.close(None, 1006)
            raise
        _quietly(log, "server", opcode, frame.data)
        return opcode, frame

    def log(sender, opcode, data):
        if opcode in (1, 2):
            if opcode == 1 and not isinstance(data, str):
                data = bytes(data).decode("utf-8", "replace")
            connection.message(sender, data.encode() if opcode == 2 and isinstance(data, str) else data)
            return
        data = data.encode() if isinstance(data, str) else bytes(data or b"")
        if opcode == 8:
            code = int.from_bytes(data[:2], "big") if len(data) > 1 else 1005
            connection.close(sender, code, data[2:].decode("utf-8", "replace"))
        elif opcode == 10 and sender == "client":
            # It answers a ping, which the library keeps to itself.
            body = base64.b64encode(data).decode()
            connection.write("control", sender="server", opcode=9, base64=body)
            connection.write("control", sender="client", opcode=10, base64=body)

    ws.send, ws.recv_data_frame = logged_send, logged_receive


def _patch_aiohttp():
    """The asynchronous clients' WebSocket."""
    try:
        import aiohttp
    except ImportError:
        return
    if "aiohttp" in _patched:
        return
    _patched.add("aiohttp")
    ws_connect = aiohttp.ClientSession.ws_connect

    @functools.wraps(ws_connect)
    def connect(self, url, *arguments, **options):
        making = _making.get()
        opening = ws_connect(self, url, *arguments, **options)
        return opening if making is None else _log_aiohttp(opening, making, str(url))

    aiohttp.ClientSession.ws_connect = connect


async def _log_aiohttp(opening, making, url):
    ws = await opening
    connection = _Connection(making, url)
    receive, send_str, send_bytes, close = ws.receive, ws.send_str, ws.send_bytes, ws.close

    async def logged_receive(*arguments, **options):
        message = await receive(*arguments, **options)
        _quietly(log, message.type.name, message)
        return message

    def log(kind, message):
        if kind in ("TEXT", "BINARY"):
            connection.message("server", message.data)
        elif kind == "CLOSE":
            connection.close("server", message.data or 1005, message.extra or "")
        elif kind in ("CLOSED", "ERROR"):
            connection.close(None, 1006)

    def logging(send):
        async def logged(data, *arguments, **options):
            if not connection.closed:
                _quietly(connection.message, "client", data)
                return await send(data, *arguments, **options)
            result = await send(data, *arguments, **options)  # where it works, it was sent behind the close frame
            _quietly(connection.message, "client", data)
            return result

        return logged

    async def logged_close(*arguments, code=1000, message=b"", **options):
        reason = message.decode("utf-8", "replace") if isinstance(message, bytes) else message
        _quietly(connection.close, "client", code, reason)
        return await close(*arguments, code=code, message=message, **options)

    try:
        ws.receive, ws.close = logged_receive, logged_close
        ws.send_str, ws.send_bytes = logging(send_str), logging(send_bytes)
    except AttributeError:
        pass
    return ws
