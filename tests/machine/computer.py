"""What a virtual machine could change on this computer, were it no wall.

The computer has others at work: benches, of which each has its loop devices, its layers and its
network here. What is theirs by the engine's own word, or by their labels, is left out, and
everything else is compared.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator, Set
from pathlib import Path
from typing import Any

from lab_engine.bench import engine, loops
from lab_engine.errors import DockerUnavailable

ENGINES = ("/run/docker/", "/var/run/docker/", "/var/lib/containerd/", "/run/containerd/")
"""Where an engine mounts what its containers have: namespaces, and what they are made of."""
CLASS = Path("/sys/class/net")


def state() -> dict[str, object]:
    """Loop devices, mounts, links, rules, modules and settings that are nobody else's."""
    others = _blocks()
    found = list(_loops())
    links = sorted(path.name for path in CLASS.iterdir() if not path.name.startswith("bonding_"))
    theirs = _bridges()
    theirs |= {name for name in links if _within(name) in theirs}
    # Once more: a bench may have come meanwhile, and its label is there before its devices are.
    others |= _blocks()
    return {
        "loops": [line for number, line in found if number not in others],
        "mounts": _mounts(_root()),
        "links": [name for name in links if name not in theirs],
        "rules": [line for line in _rules() if not theirs & set(re.findall(r"[\w.-]+", line))],
        "modules": modules(),
        "sysctls": _sysctls(theirs),
    }


def modules() -> list[str]:
    # A kernel may have been built without any.
    try:
        text = Path("/proc/modules").read_text(encoding="ascii")
    except FileNotFoundError:
        return []
    return sorted(line.split()[0] for line in text.splitlines())


def _client() -> Any:
    """This computer's own engine; None where there is none, and so no bench of anybody's."""
    try:
        return engine.connect(host=engine.DEFAULT_HOST)
    except DockerUnavailable:
        return None


def _blocks() -> set[int]:
    """The numbers of the loop devices that benches of this computer have by their labels."""
    client = _client()
    if client is None:
        return set()
    filters = {"label": loops.LABEL}
    things = [
        *client.api.containers(all=True, filters=filters),
        *(client.api.volumes(filters=filters).get("Volumes") or ()),
    ]
    numbers: set[int] = set()
    for thing in things:
        first, _, last = thing["Labels"][loops.LABEL].partition("-")
        numbers |= set(range(int(first), int(last) + 1))
    return numbers


def _loops() -> Iterator[tuple[int, str]]:
    for line in _said("losetup", "--all"):
        found = re.match(r"/dev/loop(\d+):", line)
        if found:
            yield int(found[1]), line


def _root() -> str:
    client = _client()
    return str(client.api.info()["DockerRootDir"]) if client else "/var/lib/docker"


def _mounts(root: str) -> list[str]:
    """Mounts by place, kind and source. Their numbers are given anew at each mount."""
    found = []
    for line in Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines():
        own, _, system = line.partition(" - ")
        place = own.split()[4]
        if not place.startswith((f"{root}/", *ENGINES)):
            found.append(f"{place} {own.split()[5]} {' '.join(system.split()[:2])}")
    return sorted(found)


def _bridges() -> set[str]:
    """The links of the engine's networks; `br-` and the start of a network's id, or their names."""
    client = _client()
    if client is None:
        return set()
    found = set()
    for one in client.api.networks(filters={"driver": "bridge"}):
        options = one.get("Options") or {}
        found.add(options.get("com.docker.network.bridge.name", f"br-{one['Id'][:12]}"))
    return found


def _within(name: str) -> str:
    """The bridge that a link is plugged into."""
    link = CLASS / name / "master"
    return link.resolve().name if link.exists() else ""


def _rules() -> Iterator[str]:
    for words in (("iptables", "--list-rules"), ("nft", "list", "ruleset")):
        for line in _said(*words):
            # Counters of packets are not what is meant.
            yield re.sub(r"counter packets \d+ bytes \d+", "counter", line)


def _sysctls(theirs: Set[str]) -> dict[str, bytes]:
    found = {}
    for path in (*Path("/proc/sys/net").rglob("*"), *Path("/proc/sys/vm").rglob("*")):
        try:
            if not theirs & set(path.parts) and path.is_file() and path.stat().st_mode & 0o200:
                found[str(path)] = path.read_bytes()
        except OSError:
            # Some may be written only; and a link of somebody's may be gone by now.
            continue
    return found


def _said(*words: str) -> list[str]:
    if not shutil.which(words[0]):
        return []
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)
    return [line for line in done.stdout.splitlines() if not line.startswith("#")]
