"""Scenarios: one Python file each, in `misbehaviours` and `healthy`.

A file has
    a docstring             its first line is the title
    async def play(stage)   what happens
    RECORDED                what the timeline must show of it (`shows`, `frames`)
    FINDINGS                what `sioscope analyze` must say (`finding`); no other warning or error may come
    ALLOWED                 rules that may come beside: consequences that depend on timing or on the peer's version
    NEVER                   rules that must not even come as a note
    LASTS                   seconds, for the order of play and the limit; 5 where it is missing
    PROXIED                 True where it is always played through `sioscope record proxy`, whose timeline must show
                            on both legs what the capture shows; False where it cannot be; `--proxied` plays all
                            others so
    NEEDS_NODE              True where the browser's bundle plays
    NEEDS_GO                True where the client in Go does
"""

import importlib
import inspect
from dataclasses import dataclass, field


@dataclass
class Scenario:
    name: str
    title: str
    play: object
    recorded: list
    findings: list = field(default_factory=list)
    allowed: list = field(default_factory=list)
    never: list = field(default_factory=list)
    lasts: float = 5
    needs_node: bool = False
    needs_go: bool = False
    proxied: bool | None = None

    def proxy_database(self, folder):
        return folder / f"{self.name}.proxy.db"

    def client_database(self, folder):
        """Of `sioscope record client`, where that is the client."""
        return folder / f"{self.name}.client.db"


def load(folder, only=""):
    """All scenarios, or those whose names are given, in the order of their names."""
    wanted = {name.strip() for name in only.split(",") if name.strip()}
    scenarios = []
    for kind in ("healthy", "misbehaviours"):
        for path in sorted((folder / kind).glob("*.py")):
            if path.stem == "__init__" or wanted and path.stem not in wanted:
                continue
            module = importlib.import_module(f"{kind}.{path.stem}")
            if kind == "healthy" and hasattr(module, "FINDINGS"):
                raise ValueError(f"{path.name}: what is healthy has no findings")
            scenarios.append(
                Scenario(
                    name=path.stem,
                    title=inspect.getdoc(module).splitlines()[0],
                    play=module.play,
                    recorded=module.RECORDED,
                    findings=module.FINDINGS if kind == "misbehaviours" else [],
                    allowed=getattr(module, "ALLOWED", []),
                    never=getattr(module, "NEVER", []),
                    lasts=getattr(module, "LASTS", 5),
                    needs_node=getattr(module, "NEEDS_NODE", False),
                    needs_go=getattr(module, "NEEDS_GO", False),
                    proxied=getattr(module, "PROXIED", None),
                )
            )
    return scenarios
