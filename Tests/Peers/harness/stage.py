"""What a scenario plays on: servers, clients and the relay between them; all of it ends with the scenario."""

import asyncio
import contextlib
import ctypes
import json
import logging
import os
import signal
import socket

import aiohttp.web
import socketio
import uvicorn

from . import application, environments, raw
from .relay import Relay

HARNESS = os.path.dirname(os.path.abspath(__file__))
PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)
# A logger of their own: the libraries write to standard error where they get none.
LOGGING = {"logger": logging.getLogger("peers.socketio"), "engineio_logger": logging.getLogger("peers.engineio")}


def _die_with_parent():
    """So that even a killed harness leaves no peer running."""
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class _QuietUvicorn(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self):
        # The signals are the harness's own.
        yield


class Stage:
    def __init__(self, capture, node, proxy=None, own=None):
        self._relay = Relay(capture)
        self._proxy = proxy
        # Where a client's hook may log to; it is held against the wire then.
        self.hook_log = capture.with_suffix(".jsonl")
        self.hook_log.unlink(missing_ok=True)
        self._own = own
        self.folder = capture.parent
        self._stack = contextlib.AsyncExitStack()
        self._node = node
        self.failures = []  # of raw servers, which run beside the scenario

    @property
    def port(self):
        return self._relay.port

    @property
    def url(self):
        return f"http://127.0.0.1:{self._relay.port}"

    def pause_capture(self, is_paused=True):
        self._relay.pause(is_paused)

    async def __aenter__(self):
        self._relay.start()
        self._stack.push_async_callback(self._relay.stop)
        return self

    async def __aexit__(self, *error):
        # The recordings end first: what is torn down afterwards is none of the scenario's doing.
        if self._proxy:
            await self._proxy.stop()
        await self._relay.stop()
        await self._stack.aclose()

    def _listener(self):
        listener = socket.create_server(("127.0.0.1", 0))
        self._stand_behind(listener.getsockname()[1])
        return listener

    def _stand_behind(self, port):
        """A server listens there; clients come to the relay, and through the proxy where there is one."""
        self._relay.upstream_port = self._proxy.start(port) if self._proxy else port

    # Servers

    async def server(self, flavour="aiohttp", **options):
        """python-socketio 5 with the application, at once the relay's upstream. Whole seconds are advertised."""
        options = {"ping_interval": 1, "ping_timeout": 2} | options
        sio = socketio.AsyncServer(async_mode=flavour, cors_allowed_origins="*", **LOGGING, **options)

        @sio.event
        async def connect(sid, environ, auth=None):
            if auth and auth.get("token") == "bad":
                raise socketio.exceptions.ConnectionRefusedError("not authorised")

        @sio.on("connect", namespace="/chat")
        async def connect_to_chat(sid, environ, auth=None):
            pass

        application.install(sio)
        await {"aiohttp": self._on_aiohttp, "asgi": self._on_uvicorn}[flavour](sio)
        return sio

    async def _on_aiohttp(self, sio):
        app = aiohttp.web.Application()
        sio.attach(app)
        runner = aiohttp.web.AppRunner(app, handle_signals=False, access_log=None, shutdown_timeout=0.2)
        await runner.setup()
        await aiohttp.web.SockSite(runner, self._listener()).start()
        self._stack.push_async_callback(runner.cleanup)
        return runner

    async def _on_uvicorn(self, sio):
        server = _QuietUvicorn(
            uvicorn.Config(
                socketio.ASGIApp(sio), lifespan="off", log_config=None, access_log=False,
                timeout_graceful_shutdown=1,
            )
        )
        task = asyncio.get_running_loop().create_task(server.serve([self._listener()]))

        async def stop():
            server.should_exit = True
            server.force_exit = True
            await asyncio.wait([task], timeout=3)
            task.cancel()

        self._stack.push_async_callback(stop)
        while not server.started:
            await asyncio.sleep(0.01)

    async def eio3_server(self, **options):
        """python-socketio 4 in its own environment."""
        options = {"ping_interval": 1, "ping_timeout": 2} | options
        process = await self.process(
            environments.python("eio3"), os.path.join(HARNESS, "eio3_server.py"), json.dumps(options)
        )
        self._stand_behind(int(await asyncio.wait_for(process.stdout.readline(), 20)))

    async def raw_server(self, on_websocket=None, on_request=None, **options):
        """A server by hand. `on_websocket(ws, number)` gets each WebSocket after its 101; `on_request(method, target,
        body)` answers other requests with (status, body)."""
        count = 0

        async def serve(reader, writer):
            nonlocal count
            try:
                while True:
                    first, headers = await raw.read_head(reader)
                    method, target, _ = first.split()
                    if "websocket" in headers.get("upgrade", "").lower():
                        ws = await raw.accept_websocket(reader, writer, headers, **options)
                        count += 1
                        await on_websocket(ws, count)
                        return
                    body = await raw.read_body(reader, headers) if "content-length" in headers else b""
                    status, text = await on_request(method, target, body)
                    data = text.encode()
                    writer.write(
                        f"HTTP/1.1 {status} Status\r\nContent-Type: text/plain; charset=UTF-8\r\n"
                        f"Content-Length: {len(data)}\r\n\r\n".encode() + data
                    )
                    await writer.drain()
            except (asyncio.IncompleteReadError, OSError):
                pass
            except asyncio.CancelledError:
                raise
            except Exception as error:
                self.failures.append(error)
            finally:
                writer.close()

        server = await asyncio.start_server(serve, sock=self._listener())
        self._stack.callback(server.close)

    # Clients

    def target(self, query, path="/socket.io/"):
        return f"{path}?{query}"

    async def websocket(self, query="EIO=4&transport=websocket", opens=True, join=False, **options):
        """A client by hand, after the open packet; with `join` also after the CONNECT of the root namespace."""
        ws = await raw.connect_websocket(self.port, self.target(query), **options)
        if isinstance(ws, raw.Answer):
            return ws
        self._stack.push_async_callback(ws.end)
        if opens:
            ws.open = json.loads((await ws.until("0"))[1:])
        if join:
            await ws.join()
        return ws

    async def request(self, method, query, body=b"", path="/socket.io/", **options):
        body = body.encode() if isinstance(body, str) else body
        return await raw.request(self.port, method, self.target(query, path), body, **options)

    async def polling(self, join=True, version=4):
        client = RawPolling(self, version)
        await client.open(join)
        self._stack.push_async_callback(client.stop)
        return client

    def python_client(self, **options):
        """python-socketio's own client; the scenario connects it."""
        client = socketio.AsyncClient(reconnection=False, handle_sigint=False, **LOGGING, **options)

        async def disconnect():
            with contextlib.suppress(Exception):
                await asyncio.wait_for(client.disconnect(), 2)

        self._stack.push_async_callback(disconnect)
        return client

    async def own_client(self, *arguments):
        """`sioscope record client` with a timeline of its own, which must show what the capture shows."""
        self._stack.push_async_callback(self._own.stop)
        return await self._own.start(self.url, *arguments)

    async def eio3_client(self, transports="websocket", seconds=3, within=15, hook_log=""):
        """python-socketio 4 as a client: connects, sends a few packets, stays for `seconds`, leaves."""
        process = await self.process(
            environments.python("eio3"), os.path.join(HARNESS, "eio3_client.py"), self.url, transports, str(seconds),
            hook_log,
        )
        await asyncio.wait_for(process.wait(), within)

    async def browser(self, script, within=30):
        """The browser's bundle: `script` is the body of an async function of io, url, sleep, once and hook,
        which logs the socket that it is given."""
        process = await self.process(
            self._node, "--experimental-websocket", os.path.join(HARNESS, "browser.cjs"),
            environments.BUNDLE, self.url, environments.HOOKS / "javascript" / "sioscope-hook.js", self.hook_log,
            stdin=script.encode(),
        )
        output = await asyncio.wait_for(process.stderr.read(), within)
        if await process.wait() != 0:
            raise RuntimeError(f"the browser's script failed: {output.decode('utf-8', 'replace')}")

    async def go_client(self, within=15):
        """The client in Go, with its hook."""
        client, _ = environments.go_client()
        process = await self.process(client, self.url, self.hook_log)
        output = await asyncio.wait_for(process.stderr.read(), within)
        if await process.wait() != 0:
            raise RuntimeError(f"the client in Go failed: {output.decode('utf-8', 'replace')}")

    async def process(self, *command, stdin=None):
        process = await asyncio.create_subprocess_exec(
            *map(os.fspath, command), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE, preexec_fn=_die_with_parent,
        )

        async def end():
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()

        self._stack.push_async_callback(end)
        if stdin is not None:
            process.stdin.write(stdin)
            await process.stdin.drain()
        process.stdin.close()
        return process


class RawPolling:
    """A long-polling client by hand. While it polls, it answers Engine.IO 4 pings."""

    def __init__(self, stage, version):
        self._stage, self._version = stage, version
        self._poll = None
        self._is_leaving = False
        self._posting = asyncio.Lock()  # two posts at once would be a fault of their own
        self.sid = None
        self.received = []

    @property
    def query(self):
        return f"EIO={self._version}&transport=polling&sid={self.sid}"

    async def open(self, join):
        first = await self._stage.request("GET", f"EIO={self._version}&transport=polling")
        self.sid = json.loads(first.body[first.body.index("{") : first.body.index("}") + 1])["sid"]
        if join:
            await self.post("40")
            await self.get()

    async def get(self, **options):
        answer = await self._stage.request("GET", self.query, **options)
        self.received += answer.body.split("\x1e")
        return answer

    async def post(self, body, **options):
        async with self._posting:
            return await self._stage.request("POST", self.query, body, **options)

    def start(self):
        """Polls until it is stopped or refused."""
        self._poll = asyncio.get_running_loop().create_task(self._loop())

    async def _loop(self):
        while not self._is_leaving:
            answer = await self.get(within=30)
            if answer.status != 200:
                return
            for packet in answer.body.split("\x1e"):
                if packet == "2" and not self._is_leaving:
                    await self.post("3")
                if packet == "1":
                    return

    async def stop(self):
        if self._poll:
            self._poll.cancel()
            await asyncio.gather(self._poll, return_exceptions=True)

    async def close(self):
        """Ends the session as a client does: `1`, and the pending poll comes back."""
        self._is_leaving = True
        await self.post("1")
        if self._poll:
            await asyncio.wait([self._poll], timeout=3)
            await self.stop()
