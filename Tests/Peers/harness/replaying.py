"""Replays against real peers: each is recorded with a real server and a real client, then the server is played to the
same client program again, and the client to the same server.

A file in `replays` has
    a docstring                     its first line is the title
    async def serve(stage)          the server that is recorded; its ping timeout stays bearable at ten times the pace
    PEER                            whose client it is: `eio4`, `eio3` or `browser`
    async def client(url, misbehaves)
                                    what the client does; for `browser` the constants SCRIPT and ILL_SCRIPT instead
    RECORDING                       a capture in the tree instead of `serve`
    PLAYED                          a capture in the tree whose server is played to the client instead: what is
                                    recorded and replayed then is that live client
    FAULT                           the rule that must fail it where it misbehaves; none where it is only played well
    AS_CLIENT_FAULT                 a rule that the played client breaks before the server, in the end
    COPIES                          False where the server cannot do the same for several clients at once
    REDUCED                         of the recording at most so many frames are left when it is reduced to the fault
"""

import asyncio
import contextlib
import importlib
import inspect
import json
import os
import sqlite3
import subprocess
from dataclasses import dataclass
from pathlib import Path

from . import environments
from .stage import Stage

HARNESS = Path(__file__).resolve().parent
PACES = ("recorded", "x10")
# At once: enough to spend the waiting together, few enough that nobody's timers come late.
AT_ONCE = 2


@dataclass
class Replay:
    name: str
    title: str
    module: object

    @property
    def needs_node(self):
        return self.module.PEER == "browser"

    @property
    def fault(self):
        return getattr(self.module, "FAULT", None)

    def command(self, url, folder, node, ill=False):
        """The client as a command; `{url}` stays for whoever fills it in."""
        if self.needs_node:
            script = folder / f"{self.name}.{'ill' if ill else 'well'}.js"
            script.write_text(self.module.ILL_SCRIPT if ill else self.module.SCRIPT)
            hook = environments.HOOKS / "javascript" / "sioscope-hook.js"
            line = 'exec "$0" --experimental-websocket "$1" "$2" "$3" "$4" "$5" <"$6"'
            parts = [node, HARNESS / "browser.cjs", environments.BUNDLE, url, hook, folder / "unused.jsonl", script]
            return ["sh", "-c", line, *map(os.fspath, parts)]
        program = [environments.python(self.module.PEER), HARNESS / "replay_client.py"]
        return [*map(os.fspath, program), self.name, url, "ill" if ill else "well"]


def load(folder, only=""):
    """All replays, or those whose names are given."""
    wanted = {name.strip() for name in only.split(",") if name.strip()}
    replays = []
    for path in sorted((folder / "replays").glob("*.py")):
        if wanted and path.stem not in wanted:
            continue
        module = importlib.import_module(f"replays.{path.stem}")
        replays.append(Replay(path.stem, inspect.getdoc(module).splitlines()[0], module))
    return replays


async def differences(replay, binary, folder, node, times):
    """In words, none where each of so many replays at each pace came out as it should."""
    capture, database = folder / f"{replay.name}.pcap", folder / f"{replay.name}.db"
    for leftover in folder.glob(f"{replay.name}.db*"):
        leftover.unlink()
    recording, played = (getattr(replay.module, name, None) for name in ("RECORDING", "PLAYED"))
    if bundled := recording or played:
        capture = environments.PEERS.parent.parent / bundled
    elif failure := await _record(replay, capture, folder, node):
        return [failure]
    imported = folder / f"{replay.name}.db-played.db" if played else database
    done = await asyncio.to_thread(
        subprocess.run, [binary, "import", capture, "-o", imported], capture_output=True, text=True, timeout=60
    )
    if done.returncode != 0:
        return [f"the recording could not be imported: {done.stderr.strip()}"]
    if played:
        command = replay.command("{url}", folder, node)
        report, problem = await _run(
            binary, "replay", imported, "--as", "server", "-o", database, "--limit", "60s", command=command
        )
        if problem or report["verdict"] != "pass":
            return [f"the client did not get through what it is recorded with: {problem or _summary(report)}"]
    gate = asyncio.Semaphore(AT_ONCE)

    async def play(pace, ill, number):
        async with gate:
            difference = await _difference(replay, binary, database, folder, node, pace, ill)
            return f"pace {pace}, {'ill' if ill else 'well'}, {number}: {difference}" if difference else None

    kinds = [False, True] if replay.fault else [False]
    plays = [play(pace, ill, number + 1) for pace in PACES for ill in kinds for number in range(times)]
    found = [difference for difference in await asyncio.gather(*plays) if difference]
    if most := getattr(replay.module, "REDUCED", None):
        if difference := await _reduced(replay, binary, database, folder, node, most):
            found.append(f"reduced: {difference}")
    # A capture that is bundled has no server here.
    return found if bundled else found + await _as_client(replay, binary, database, folder, node, times)


async def _as_client(replay, binary, database, folder, node, times):
    """The client is played to the server that was recorded: as it was, over each transport, and many at once."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def play(name, *options, fault=None):
        # A server of its own each: what one did to its clients before may matter to it.
        async with gate, Stage(folder / f"{replay.name}.as-client.pcap", node) as stage:
            await replay.module.serve(stage)
            report, problem = await _run(
                binary, "replay", database, "--as", "client", "--to", stage.url, "--limit", "60s", *options
            )
        if not problem and fault:
            if report["verdict"] != "fail" or fault not in {one["rule"] for one in report["findings"]}:
                problem = f"a {report['verdict']}, and not with {fault}: {_summary(report)}"
        elif not problem and report["verdict"] != "pass":
            problem = _summary(report)
        return f"as the client, {name}: {problem}" if problem else None

    plays = [play(f"pace {pace}, {number + 1}", "--pace", pace) for pace in PACES for number in range(times)]
    plays += [play(name, "--transport", name) for name in ("websocket", "polling")]
    if fault := getattr(replay.module, "AS_CLIENT_FAULT", None):
        plays.append(play(f"breaking {fault}", "--misbehave", fault, fault=fault))
    if getattr(replay.module, "COPIES", True):
        plays.append(play("10 copies", "--pace", "x10", "--copies", "10", "--spread", "1s"))
    return [difference for difference in await asyncio.gather(*plays) if difference]


async def _record(replay, capture, folder, node):
    """Plays the client against the real server; None, or why that failed."""
    async with Stage(capture, node) as stage:
        await replay.module.serve(stage)
        process = await stage.process(*replay.command(stage.url, folder, node))
        said = await asyncio.wait_for(process.stderr.read(), 30)
        if await process.wait() != 0:
            return f"the client failed while it was recorded: {said.decode('utf-8', 'replace')}"


async def _difference(replay, binary, database, folder, node, pace, ill):
    report, problem = await _run(
        binary, "replay", database, "--as", "server", "--pace", pace, "--limit", "60s",
        command=replay.command("{url}", folder, node, ill),
    )
    if problem:
        return problem
    if not ill:
        return None if report["verdict"] == "pass" else _summary(report)
    faults = {one["rule"] for one in report["findings"] if one["fails"]}
    if report["verdict"] == "fail" and replay.fault in faults:
        return None
    return f"a {report['verdict']}, and not by {replay.fault}: {_summary(report)}"


async def _reduced(replay, binary, database, folder, node, most):
    """The smallest part of the recording: few frames, on which the ill client fails and the other does not."""
    small = folder / f"{replay.name}.small.db"
    small.unlink(missing_ok=True)
    command = [binary, "reduce", database, "-o", small, "--", *replay.command("{url}", folder, node, ill=True)]
    process = await asyncio.create_subprocess_exec(
        *map(os.fspath, command), stdin=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
    )
    try:
        _, talk = await asyncio.wait_for(process.communicate(), 300)
    except TimeoutError:
        process.terminate()
        await process.wait()
        return "it did not end within five minutes"
    if process.returncode != 0:
        return f"it ended with {process.returncode}: {talk.decode('utf-8', 'replace').strip()}"
    with contextlib.closing(sqlite3.connect(small)) as timeline:
        (frames,) = timeline.execute("SELECT count(*) FROM frames").fetchone()
    if frames > most:
        return f"{frames} frames are left, and not at most {most}"
    for ill in (True, False):
        if difference := await _difference(replay, binary, small, folder, node, "recorded", ill):
            return f"{'ill' if ill else 'well'}: {difference}"


async def _run(*arguments, command=()):
    """The report of a replay, and None or why there is none."""
    command = [*arguments, "--format", "json", *(["--", *command] if command else [])]
    process = await asyncio.create_subprocess_exec(
        *map(os.fspath, command), stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        output, talk = await asyncio.wait_for(process.communicate(), 120)
    except TimeoutError:
        process.terminate()
        await process.wait()
        return None, "it did not end within two minutes"
    said = talk.decode("utf-8", "replace").strip().splitlines()[-3:]
    # The verdict and the status are one.
    if process.returncode not in (0, 1):
        return None, f"it ended with {process.returncode}: {said}"
    report = json.loads(output)
    if (report["verdict"] == "pass") != (process.returncode == 0):
        return None, f"it says {report['verdict']} and ended with {process.returncode}"
    return report | {"said": said}, None


def _summary(report):
    parts = [f"{report['matched']} of {report['expected']} packets, {report['lives_done']} of {report['lives']} lives"]
    parts += report["failures"]
    parts += [f"waited for {one}" for one in report["waited_for"]]
    parts += [f"{one['kind']} {one['what']}: {one['detail']}" for one in report["divergences"]]
    parts += [f"{one['rule']}: {one['message']}" for one in report["findings"] if one["fails"]]
    return "; ".join([*parts, *report["said"]])
