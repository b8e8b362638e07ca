"""The program under test: imports a recording, judges it, and is compared with the scenario."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

from .expectation import finding_differences, wire_differences


@dataclass
class Sioscope:
    binary: Path

    def differences(self, scenario, folder, wire_only):
        """In words; none where all is as the scenario says."""
        capture, database = folder / f"{scenario.name}.pcap", folder / f"{scenario.name}.db"
        # A kept folder may be written to again; an import would append.
        for leftover in folder.glob(f"{scenario.name}.db*"):
            leftover.unlink()
        failure = self._run("import", capture, "-o", database)[1]
        if failure:
            return [failure]
        differences = list(wire_differences(database, scenario.recorded))
        if wire_only:
            return differences
        output, failure = self._run("analyze", database, "--format", "json", "--fail-on", "never")
        if failure:
            return [*differences, failure]
        found = json.loads(output or "[]")
        (folder / f"{scenario.name}.findings.json").write_text(json.dumps(found, indent=2))
        return differences + list(
            finding_differences(found, scenario.findings, scenario.allowed, scenario.never)
        )

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
