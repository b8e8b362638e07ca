"""`sioscope record proxy` between the relay and the server: the same traffic, seen from both sides of a proxy."""

import asyncio
import re
import signal
import sqlite3
import subprocess

FRAMES = """
    SELECT ifnull(sessions.sid, ''), frames.sender, frames.transport, frames.layer, frames.opcode, frames.eio_type,
        frames.sio_type, frames.namespace, frames.event, frames.ack_id, frames.attachments, frames.close_code,
        frames.size_bytes, frames.wire_bytes, frames.payload, hex(frames.binary), frames.flags
    FROM frames JOIN connections ON connections.id = frames.connection_id
        JOIN captures ON captures.id = connections.capture_id
        LEFT JOIN sessions ON sessions.id = frames.session_id
    WHERE captures.tap = ? ORDER BY frames.id
"""


class RecordingProxy:
    def __init__(self, binary, database):
        self.database = database
        self._binary = binary
        self._process = None

    def start(self, upstream_port):
        """Gives the port where it listens. Once: it cannot be led to another server."""
        if self._process is not None:
            raise RuntimeError("a scenario through the proxy has one server")
        # A kept folder may be written to again; a recording would append.
        for leftover in self.database.parent.glob(f"{self.database.name}*"):
            leftover.unlink()
        self._process = subprocess.Popen(
            [
                self._binary, "record", "proxy", "--listen", "127.0.0.1:0",
                "--to", f"http://127.0.0.1:{upstream_port}", "-o", self.database,
            ],
            stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True,
        )
        line = ""
        while True:
            line = self._process.stderr.readline()
            if found := re.search(r"listening on http://127\.0\.0\.1:(\d+),", line):
                return int(found[1])
            if not line:
                raise RuntimeError(f"sioscope record proxy ended with {self._process.wait()}")

    async def stop(self):
        """Ends the recording; what it still had to say is part of the error where it did not end as it should."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGINT)
        try:
            said = await asyncio.to_thread(self._process.communicate, timeout=20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            raise
        if self._process.returncode != 130:
            raise RuntimeError(f"sioscope record proxy ended with {self._process.returncode}: {said[1].strip()[-300:]}")


def frames(database, tap):
    """Frames by session and sender, in their order."""
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    try:
        streams = {}
        for row in connection.execute(FRAMES, (tap,)):
            streams.setdefault(row[:2], []).append(row[2:])
        return streams
    finally:
        connection.close()


def taps(database):
    """What tells the leg on which a finding was made: by its session, else by the exchange that it names."""
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    try:
        sessions = dict(
            connection.execute("SELECT sessions.id, tap FROM sessions JOIN captures ON captures.id = capture_id")
        )
        exchanges = dict(
            connection.execute(
                "SELECT exchanges.id, tap FROM exchanges JOIN connections ON connections.id = connection_id "
                "JOIN captures ON captures.id = capture_id"
            )
        )
    finally:
        connection.close()
    return lambda found: sessions.get(found["session_id"]) or exchanges.get(found["evidence"].get("exchange"))


def frame_differences(name, expected, found):
    """Where two recordings of the same traffic differ, in words."""
    for key in sorted(expected.keys() | found.keys()):
        one, other = expected.get(key, []), found.get(key, [])
        if one == other:
            continue
        place = next((i for i, (a, b) in enumerate(zip(one, other)) if a != b), min(len(one), len(other)))
        session, sender = key
        yield (
            f"{name} differs in what the {sender} of session {session or 'none'} sent, from frame {place + 1} of "
            f"{len(one)} on: {one[place:place + 1]}, not {other[place:place + 1]}"
        )
