"""The command line of the harness; `run` starts it in the right environment."""

import argparse
import asyncio
import logging
import signal
import sys
import tempfile
import unittest
from pathlib import Path

from . import environments, four_ways, replaying
from .recording import record_all
from .scenario import load
from .sioscope import Sioscope

DEFAULT_BINARY = environments.PEERS.parent.parent / ".build" / "debug" / "sioscope"


def main():
    options = parse(sys.argv[1:])
    node, no_node = environments.node()
    scenarios = load(environments.PEERS, options.only)
    played = [] if options.wire_only else replaying.load(environments.PEERS, options.only)
    if not scenarios and not played:
        print(f"peers: no scenario is called {options.only}", file=sys.stderr)
        return 2
    if options.list:
        for scenario in scenarios + played:
            print(f"{scenario.name:34} {scenario.title}")
        return 0
    if not options.only and not self_checks():
        return 1
    sioscope = Sioscope(options.sioscope)
    if not sioscope.binary.exists():
        print(f"peers: there is no {sioscope.binary}; swift build --product sioscope makes it", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(options.keep or temporary)
        folder.mkdir(parents=True, exist_ok=True)
        # What the peers say of it themselves: for whoever writes scenarios.
        logging.basicConfig(filename=folder / "peers.log", format="%(asctime)s %(name)s %(message)s", level="INFO")
        skipped = [(one, no_node) for one in scenarios + played if one.needs_node and node is None]
        if gophers := [one for one in scenarios if one.needs_go]:
            client, no_go = environments.go_client()
            skipped += [(one, no_go) for one in gophers if client is None]
        lacking = [one for one, _ in skipped]
        scenarios = [one for one in scenarios if one not in lacking]
        played = [one for one in played if one not in lacking]
        for scenario in scenarios:
            if scenario.proxied is None:
                scenario.proxied = options.proxied
        errors = asyncio.run(recorded(scenarios, folder, node, sioscope.binary))
        failed = 0
        for scenario in scenarios:
            error = errors.get(scenario.name)
            differences = [f"it could not be played: {error}"] if error else []
            differences += sioscope.differences(scenario, folder, options.wire_only)
            failed += bool(differences)
            print(f"{'FAIL' if differences else 'ok  '} {scenario.name:34} {scenario.title}")
            for difference in differences:
                print(f"       {difference}")
        for replay in played:
            failed += not replayed(replay, sioscope.binary, folder, node, options.times)
        for scenario, reason in skipped:
            print(f"skip {scenario.name:34} {reason}")
        if not options.only:
            failed += not same_four_ways(sioscope.binary, folder)
    print(f"peers: {len(scenarios) + len(played)} scenarios, {failed} failed, {len(skipped)} skipped")
    return 1 if failed else 0


def parse(arguments):
    parser = argparse.ArgumentParser(prog="Tests/Peers/run", description=__doc__)
    parser.add_argument("--sioscope", type=Path, default=DEFAULT_BINARY, metavar="BIN")
    parser.add_argument("--only", default="", metavar="NAME[,NAME]", help="these scenarios alone")
    parser.add_argument("--keep", metavar="DIR", help="leave recordings, timelines and the peers' log there")
    parser.add_argument("--proxied", action="store_true", help="play all of them through sioscope record proxy")
    parser.add_argument("--wire-only", action="store_true", help="check the recordings, not the findings")
    parser.add_argument("--times", type=int, default=3, metavar="N", help="replay each recording so often at each pace")
    parser.add_argument("--list", action="store_true", help="name the scenarios and end")
    return parser.parse_args(arguments)


def self_checks():
    """The tests of the harness itself."""
    folder = environments.PEERS
    suite = unittest.defaultTestLoader.discover(str(folder / "checks"), top_level_dir=str(folder))
    return unittest.TextTestRunner(stream=sys.stderr, verbosity=0).run(suite).wasSuccessful()


def replayed(replay, binary, folder, node, times):
    """Says what came of it; true where all replays came out as they should."""
    try:
        differences = asyncio.run(replaying.differences(replay, binary, folder, node, times))
    except Exception as error:
        differences = [f"it could not be played: {type(error).__name__}: {error}"]
    print(f"{'FAIL' if differences else 'ok  '} {replay.name:34} {replay.title}")
    for difference in differences:
        print(f"       {difference}")
    return not differences


def same_four_ways(binary, folder):
    """Says what came of it; true where it is as it should be, or cannot be played here."""
    if reason := four_ways.obstacle():
        print(f"skip {'four_ways':34} {reason}")
        return True
    try:
        differences = asyncio.run(four_ways.differences(binary, folder))
    except Exception as error:
        differences = [f"it could not be played: {type(error).__name__}: {error}"]
    print(f"{'FAIL' if differences else 'ok  '} {'four_ways':34} {four_ways.TITLE}")
    for difference in differences:
        print(f"       {difference}")
    return not differences


async def recorded(scenarios, folder, node, binary):
    """Records all; a signal ends the scenarios, and with them whatever they started."""
    task = asyncio.current_task()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    return await record_all(scenarios, folder, node, binary)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (KeyboardInterrupt, asyncio.CancelledError):
        sys.exit(130)
