"""The two Python environments, the browser's bundle and the client in Go, made once in a folder that git ignores.

Standard library only: it runs before anything is installed.
"""

import os
import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

PEERS = Path(__file__).resolve().parent.parent
FOLDER = PEERS.parent.parent / ".build-peers"
HOOKS = PEERS.parent.parent / "hooks"
BUNDLE = FOLDER / "browser" / "socket.io.min.js"
# Where Debian keeps the sources of Go's libraries.
GO_LIBRARIES = Path("/usr/share/gocode")
BUNDLE_IN_WHEEL = "nicegui/static/socket.io.min.js"


def python(name):
    """The interpreter of the environment `eio3` or `eio4`."""
    return FOLDER / name / "bin" / "python"


def prepare():
    """Makes what is missing or was made from other requirements. Raises CalledProcessError where pip cannot."""
    for name in ("eio4", "eio3"):
        _unless_made(name, lambda folder, requirements: _install(folder, requirements))
    _unless_made("browser", lambda folder, requirements: _unpack_bundle(folder, requirements))


def _unless_made(name, make):
    folder, requirements = FOLDER / name, PEERS / f"requirements-{name}.txt"
    stamp = folder / "made-from.txt"
    if stamp.exists() and stamp.read_text() == requirements.read_text():
        return
    print(f"peers: preparing {name}", file=sys.stderr)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    make(folder, requirements)
    # Last, so that what was interrupted is made again.
    stamp.write_text(requirements.read_text())


def _install(folder, requirements):
    venv.create(folder, with_pip=True, symlinks=True)
    _pip(folder / "bin" / "python", "install", "-r", requirements)


def _unpack_bundle(folder, requirements):
    _pip(python("eio4"), "download", "--no-deps", "--dest", folder, "-r", requirements)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        BUNDLE.write_bytes(archive.read(BUNDLE_IN_WHEEL))
    wheel.unlink()


def _pip(interpreter, *arguments):
    command = [interpreter, "-m", "pip", "--quiet", "--disable-pip-version-check", *arguments]
    subprocess.run([os.fspath(part) for part in command], check=True, stdout=sys.stderr)


def node():
    """Node with a WebSocket of its own (from 20.10), or the reason why there is none."""
    path = shutil.which("node")
    if path is None:
        return None, "node is not installed"
    probe = [path, "--experimental-websocket", "-e", "process.exit(typeof WebSocket === 'function' ? 0 : 1)"]
    if subprocess.run(probe, capture_output=True).returncode != 0:
        return None, "this node has no WebSocket; 20.10 or later is needed"
    return path, None


def go_client():
    """The client in Go, built with the hook for Go, or the reason why there is none."""
    compiler = shutil.which("go")
    if compiler is None:
        return None, "go is not installed"
    if not (GO_LIBRARIES / "src" / "nhooyr.io" / "websocket").exists():
        return None, "nhooyr.io/websocket is not installed (golang-nhooyr-websocket-dev)"
    folder = FOLDER / "go"
    for name, source in (("go_client", PEERS / "harness" / "go_client"), ("sioscopehook", HOOKS / "go")):
        shutil.copytree(source, folder / "src" / name, dirs_exist_ok=True)
    settings = {"GO111MODULE": "off", "GOPATH": f"{folder}:{GO_LIBRARIES}", "GOFLAGS": "", "CGO_ENABLED": "0"}
    command = [compiler, "build", "-o", folder / "client", "go_client"]
    subprocess.run(command, check=True, env=os.environ | settings, stdout=sys.stderr)
    return folder / "client", None
