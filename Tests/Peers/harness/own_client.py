"""`sioscope record client` as a peer: what it prints, and a timeline of its own."""

import asyncio
import json
import os
import signal


class OwnClient:
    """A running client, after `start`."""

    def __init__(self, binary, database):
        self._binary, self.database = binary, database
        self._process = None
        self._log = []
        self._pumps = []
        self._printed = asyncio.Queue()

    async def start(self, url, *arguments):
        # A kept folder may be written to again; a recording would append.
        for leftover in self.database.parent.glob(f"{self.database.name}*"):
            leftover.unlink()
        self._process = await asyncio.create_subprocess_exec(
            os.fspath(self._binary), "record", "client", url, "-o", os.fspath(self.database), "--format", "jsonl",
            "--emit-stdin", *arguments,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
            limit=1 << 24,
        )
        self._pumps = [asyncio.create_task(self._read_output()), asyncio.create_task(self._read_talk())]
        return self

    async def _read_output(self):
        async for line in self._process.stdout:
            self._printed.put_nowait(json.loads(line))
        self._printed.put_nowait(None)

    async def _read_talk(self):
        async for line in self._process.stderr:
            self._log.append(line.decode("utf-8", "replace").rstrip())

    @property
    def talk(self):
        return "\n".join(self._log)

    def emit(self, line):
        """A line of standard input."""
        self._process.stdin.write((json.dumps(line) + "\n").encode())

    async def printed(self, within=10):
        """The next event or answer that it prints, without its time."""
        item = await asyncio.wait_for(self._printed.get(), within)
        if item is None:
            raise RuntimeError(f"the client has ended: {self.talk}")
        item.pop("at_ns")
        return item

    async def expect(self, *items, within=10):
        """Prints these next, in any order."""
        found = [await self.printed(within) for _ in items]
        missing = [item for item in items if item not in found]
        if missing:
            raise RuntimeError(f"expected {missing}, the client printed {found}")

    async def says(self, text, within=10):
        """Waits until its talk has this text."""
        async with asyncio.timeout(within):
            while text not in self.talk:
                await asyncio.sleep(0.05)

    async def interrupt(self, within=20):
        """SIGINT, as from a terminal; it must end in good order."""
        self._process.send_signal(signal.SIGINT)
        await self.ended(130, within)

    async def ended(self, status, within=20):
        """Waits for its end."""
        await asyncio.wait_for(self._process.wait(), within)
        await asyncio.gather(*self._pumps)
        if self._process.returncode != status:
            raise RuntimeError(f"the client ended with {self._process.returncode}, not {status}: {self.talk}")

    async def stop(self):
        if self._process and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()
        for pump in self._pumps:
            pump.cancel()
        await asyncio.gather(*self._pumps, return_exceptions=True)
