"""What N containers or namespaces cost while they are there. `containers|namespaces N ROUNDS`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, Final

from benchmarks.inside import containers, namespaces
from benchmarks.inside.provisioning import up_and_down
from lab_engine.common.resource import Resource
from lab_engine.families.docker.resources import Image

GROUP: Final = Path("/sys/fs/cgroup")
"""The bench's own: its cgroup namespace begins there."""


def memory() -> int:
    """Bytes that the bench has, without files that the kernel could forget (as docker-stats(1))."""
    at, current, idle = GROUP, "memory.current", "inactive_file"
    if not (at / current).exists():
        at, current, idle = GROUP / "memory", "memory.usage_in_bytes", "total_inactive_file"
    stat = dict(line.split() for line in (at / "memory.stat").read_text().splitlines())
    return int((at / current).read_text()) - int(stat[idle])


def main(kind: str, number: int, rounds: int) -> list[dict[str, Any]]:
    """For each round seconds up and down, and bytes and descriptors more than before it."""
    standing: list[Resource] = [Image("busybox")] if kind == "containers" else []
    wanted = (containers if kind == "containers" else namespaces).wanted(number)
    found = []
    for _ in range(rounds):
        top: dict[str, int] = {}
        before = memory()

        def look(top: dict[str, int] = top, before: int = before) -> None:
            top["bytes"] = memory() - before
            # Of this process: the one that makes them, as the agent does.
            top["descriptors"] = sum(1 for _ in Path("/proc/self/fd").iterdir())

        up, down = up_and_down(wanted, standing, look)
        found.append({"up": up, "down": down, **top})
    return found


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))))
