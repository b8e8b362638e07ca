"""The program under test: imports a recording, judges it, and is compared with the scenario."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

from . import proxy
from .expectation import finding_differences, hook_differences, wire_differences


@dataclass
class Sioscope:
    binary: Path

    def differences(self, scenario, folder, wire_only):
        """In words; none where all is as the scenario says."""
        capture, database = folder / f"{scenario.name}.pcap", folder / f"{scenario.name}.db"
        # A kept folder may be written to again; an import would append.
        for leftover in [*folder.glob(f"{scenario.name}.db*"), *folder.glob(f"{scenario.name}.hook.db*")]:
            leftover.unlink()
        failure = self._run("import", capture, "-o", database)[1]
        if failure:
            return [failure]
        differences = list(wire_differences(database, scenario.recorded))
        if scenario.proxied:
            differences += self._leg_differences(database, scenario.proxy_database(folder))
        hook_log = folder / f"{scenario.name}.jsonl"
        if hook_log.exists():
            hooked = folder / f"{scenario.name}.hook.db"
            failure = self._run("import", hook_log, "-o", hooked)[1]
            differences += [failure] if failure else hook_differences(database, hooked)
        if wire_only:
            return differences
        found, failure = self._findings(database)
        if failure:
            return [*differences, failure]
        (folder / f"{scenario.name}.findings.json").write_text(json.dumps(found, indent=2))
        differences += finding_differences(found, scenario.findings, scenario.allowed, scenario.never)
        if scenario.proxied:
            differences += self._leg_finding_differences(scenario, scenario.proxy_database(folder))
        if scenario.client_database(folder).exists():
            differences += self._client_differences(database, scenario, scenario.client_database(folder))
        return differences

    def _findings(self, database):
        """What `analyze` says, and None or why it failed."""
        output, failure = self._run("analyze", database, "--format", "json", "--fail-on", "never")
        return json.loads(output or "[]"), failure

    def _client_differences(self, captured, scenario, recorded):
        """What the client recorded itself must show the frames of the capture, and be judged as they are."""
        name = "the client's own timeline"
        yield from proxy.frame_differences(name, proxy.frames(captured, "unknown"), proxy.frames(recorded, "client"))
        found, failure = self._findings(recorded)
        if failure:
            yield failure
        else:
            for difference in finding_differences(found, scenario.findings, scenario.allowed, scenario.never):
                yield f"{name}: {difference}"

    def _leg_differences(self, captured, proxied):
        """The capture and both legs of the proxy must show the same frames."""
        expected = proxy.frames(captured, "unknown")
        for leg in ("proxy-front", "proxy-back"):
            yield from proxy.frame_differences(leg, expected, proxy.frames(proxied, leg))

    def _leg_finding_differences(self, scenario, proxied):
        """Each leg must be judged as the capture is."""
        found, failure = self._findings(proxied)
        if failure:
            yield failure
            return
        tap_of = proxy.taps(proxied)
        for leg in ("proxy-front", "proxy-back"):
            of_leg = [one for one in found if tap_of(one) == leg]
            for difference in finding_differences(of_leg, scenario.findings, scenario.allowed, scenario.never):
                yield f"{leg}: {difference}"

    def _run(self, *arguments):
        """Output, and None or why it failed."""
        command = [str(self.binary), *map(str, arguments)]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        except subprocess.TimeoutExpired:
            return "", f"sioscope {arguments[0]} did not end within a minute"
        if done.returncode == 0:
            return done.stdout, None
        said = done.stderr.strip().splitlines()
        return "", f"sioscope {arguments[0]} ended with {done.returncode}: {said[-1] if said else 'without a word'}"
