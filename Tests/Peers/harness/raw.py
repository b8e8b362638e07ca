"""Peers made by hand: HTTP requests and WebSocket frames that may be as wrong as a scenario wants."""

import asyncio
import base64
import contextlib
import hashlib
import json
import os
import socket
import struct
from dataclasses import dataclass

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
ACCEPT_KEY = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def encode_frame(opcode, payload=b"", fin=True, reserved=0, masked=True):
    """One WebSocket frame of RFC 6455, section 5.2; nothing is checked."""
    head = bytes([(0x80 if fin else 0) | reserved << 4 | opcode])
    mask_bit = 0x80 if masked else 0
    if len(payload) < 126:
        head += bytes([mask_bit | len(payload)])
    elif len(payload) < 65_536:
        head += bytes([mask_bit | 126]) + struct.pack("!H", len(payload))
    else:
        head += bytes([mask_bit | 127]) + struct.pack("!Q", len(payload))
    if not masked:
        return head + payload
    key = os.urandom(4)
    return head + key + bytes(byte ^ key[index % 4] for index, byte in enumerate(payload))


@dataclass(frozen=True)
class Message:
    opcode: int
    payload: bytes

    @property
    def text(self):
        return self.payload.decode("utf-8", "replace")

    @property
    def close_code(self):
        """None for a close frame without a body."""
        return struct.unpack("!H", self.payload[:2])[0] if len(self.payload) >= 2 else None


class RawWebSocket:
    """One WebSocket, after its handshake. By itself it answers Engine.IO 4 pings, WebSocket pings and close frames."""

    def __init__(self, reader, writer, is_client, answers_pings=True, answers_close=True):
        self.reader, self.writer = reader, writer
        self.is_client = is_client
        self.answers_pings, self.answers_close = answers_pings, answers_close
        self.open = None  # of a client: the open packet's JSON
        self.has_sent_close = False
        self._inbox = asyncio.Queue()
        self._ended = asyncio.Event()
        self._task = asyncio.get_running_loop().create_task(self._read())

    # What comes in

    async def _read(self):
        message, opcode_of_message = b"", None
        try:
            while True:
                first, second = await self.reader.readexactly(2)
                length = second & 0x7F
                if length == 126:
                    length = struct.unpack("!H", await self.reader.readexactly(2))[0]
                elif length == 127:
                    length = struct.unpack("!Q", await self.reader.readexactly(8))[0]
                key = await self.reader.readexactly(4) if second & 0x80 else None
                payload = await self.reader.readexactly(length)
                if key:
                    payload = bytes(byte ^ key[index % 4] for index, byte in enumerate(payload))
                opcode, fin = first & 0x0F, first & 0x80
                if opcode >= 8:
                    await self._received(Message(opcode, payload))
                    continue
                opcode_of_message = opcode or opcode_of_message
                message += payload
                if fin:
                    await self._received(Message(opcode_of_message, message))
                    message = b""
        except (asyncio.IncompleteReadError, OSError):
            pass
        finally:
            self._ended.set()
            self._inbox.put_nowait(None)

    async def _received(self, message):
        if message.opcode == TEXT and message.text.startswith("2") and message.text != "2probe":
            # After its own close frame nobody sends data any more.
            if self.answers_pings and not self.has_sent_close:
                await self.text("3" + message.text[1:])
        elif message.opcode == PING:
            await self.frame(PONG, message.payload)
        elif message.opcode == CLOSE and self.answers_close and not self.has_sent_close:
            await self.frame(CLOSE, message.payload[:2])
        self._inbox.put_nowait(message)

    async def next(self, within=5):
        """The next message, or None at the end of the stream."""
        return await asyncio.wait_for(self._inbox.get(), within)

    async def until(self, prefix, within=5):
        """Drops messages up to the first text that begins so."""
        async with asyncio.timeout(within):
            while True:
                message = await self.next(within)
                if message is None:
                    raise ConnectionError(f"the peer was gone before it sent {prefix!r}")
                if message.opcode == TEXT and message.text.startswith(prefix):
                    return message.text

    async def until_close(self, within=5):
        """Drops messages up to the peer's close frame."""
        async with asyncio.timeout(within):
            while True:
                message = await self.next(within)
                if message is None:
                    raise ConnectionError("the peer was gone without a close frame")
                if message.opcode == CLOSE:
                    return message.close_code

    async def until_end(self, within=5):
        """Waits until the peer sends no more."""
        await asyncio.wait_for(self._ended.wait(), within)

    # What goes out

    async def bytes(self, data):
        with contextlib.suppress(OSError):
            self.writer.write(data)
            await self.writer.drain()

    async def frame(self, opcode, payload=b"", fin=True, reserved=0, masked=None):
        if opcode == CLOSE:
            self.has_sent_close = True
        masked = self.is_client if masked is None else masked
        await self.bytes(encode_frame(opcode, payload, fin, reserved, masked))

    async def text(self, text):
        await self.frame(TEXT, text.encode())

    async def binary(self, payload):
        await self.frame(BINARY, payload)

    async def event(self, *arguments, id="", namespace=None):
        await self.text(f"42{namespace + ',' if namespace else ''}{id}{json.dumps(arguments)}")

    async def join(self, namespace=None, auth=None):
        """CONNECT, and the answer to it."""
        prefix = f"{namespace}," if namespace else ""
        await self.text(f"40{prefix}{json.dumps(auth) if auth else ''}")
        return await self.until(f"40{prefix}")

    async def close(self, code=1000):
        """The closing handshake, then the end of the connection: the server ends it first (RFC 6455, section 7.1.1)."""
        if not self.has_sent_close and not self._ended.is_set():
            await self.frame(CLOSE, b"" if code is None else struct.pack("!H", code))
        if self.is_client:
            with contextlib.suppress(TimeoutError):
                await self.until_end(2)
        else:
            with contextlib.suppress(TimeoutError, ConnectionError):
                await self.until_close(2)
        await self.end()

    async def end(self):
        """FIN, with no close frame where none was sent yet."""
        with contextlib.suppress(OSError):
            self.writer.close()
            await self.writer.wait_closed()
        self._task.cancel()

    async def reset(self):
        """RST."""
        self.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()
        self._task.cancel()
        await asyncio.sleep(0.05)


@dataclass
class Answer:
    status: int
    headers: dict
    body: str


async def read_head(reader):
    head = await reader.readuntil(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return first, headers


async def read_body(reader, headers):
    if "chunked" not in headers.get("transfer-encoding", ""):
        length = headers.get("content-length")
        return await (reader.read() if length is None else reader.readexactly(int(length)))
    body = b""
    while size := int((await reader.readline()).split(b";")[0], 16):
        body += await reader.readexactly(size)
        await reader.readexactly(2)
    await reader.readline()
    return body


async def request(port, method, target, body=b"", headers=None, within=5):
    """One HTTP request on a connection of its own."""
    async with asyncio.timeout(within):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            fields = {"Host": f"127.0.0.1:{port}", "User-Agent": "raw-client/1", "Connection": "close"}
            if method != "GET":
                fields |= {"Content-Type": "text/plain;charset=UTF-8", "Content-Length": str(len(body))}
            fields |= headers or {}
            lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
            writer.write(f"{method} {target} HTTP/1.1\r\n{lines}\r\n".encode() + body)
            await writer.drain()
            first, answered = await read_head(reader)
            data = b"" if method == "HEAD" else await read_body(reader, answered)
            return Answer(int(first.split()[1]), answered, data.decode("utf-8", "replace"))
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()


async def connect_websocket(port, target, **options):
    """A WebSocket as its client opens it; an Answer instead where the server refuses."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    key = base64.b64encode(os.urandom(16)).decode()
    writer.write(
        f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUser-Agent: raw-client/1\r\nUpgrade: websocket\r\n"
        f"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n".encode()
    )
    first, headers = await read_head(reader)
    status = int(first.split()[1])
    if status == 101:
        return RawWebSocket(reader, writer, is_client=True, **options)
    body = await read_body(reader, headers)
    writer.close()
    return Answer(status, headers, body.decode("utf-8", "replace"))


async def accept_websocket(reader, writer, headers, **options):
    """Answers a client's handshake with 101."""
    accept = base64.b64encode(hashlib.sha1(headers["sec-websocket-key"].encode() + ACCEPT_KEY).digest()).decode()
    writer.write(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Accept: {accept}\r\n\r\n".encode()
    )
    await writer.drain()
    return RawWebSocket(reader, writer, is_client=False, **options)
