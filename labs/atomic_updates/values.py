"""What differs from learner to learner, and the programs that the lesson gives to them."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from lab_engine.authoring import File, Lab, Seed, Variables

_GIVEN: Final = Path(__file__).parent / "given"

SYSTEMS = ("acorn", "ember", "pebble", "clover", "thimble")
MACHINES = ("kiosk", "till", "jukebox", "scale", "turnstile")
REPOSITORIES = ("systems", "trees", "versions", "editions")
TOOLS = ("abacus", "compass", "sextant", "metronome")
SETTINGS = ("limit", "volume", "interval", "height")
SNAPS = ("lamp", "clock", "radio", "doorbell", "camera")
VENDORS = ("orchard", "harbour", "foundry", "quarry")
HOSTS = ("buoy", "beacon", "meter", "gate")
HOME = "/home/learner/work"
SHOWN = "/usr/lib/os-release"


class Values(Variables, frozen=True):
    """A system and the machine that it runs on, a snap, and somebody who gives out updates.

    `name` is the system's for people, `line` a setting of that one machine.
    """

    os: str = ""
    name: str = ""
    branch: str = ""
    machine: str = ""
    repo: str = ""
    tool: str = ""
    line: str = ""
    snap: str = ""
    vendor: str = ""
    host: str = ""

    @classmethod
    def draw(cls, seed: Seed) -> Values:
        system = seed.choice("os", SYSTEMS)
        setting = seed.choice("setting", SETTINGS)
        return cls(
            os=system,
            name=system.capitalize(),
            branch=f"{system}/stable",
            machine=seed.choice("machine", MACHINES),
            repo=seed.choice("repo", REPOSITORIES),
            tool=seed.choice("tool", TOOLS),
            line=f"{setting} = {seed.number('number', 11, 98)}",
            snap=seed.choice("snap", SNAPS),
            vendor=seed.choice("vendor", VENDORS),
            host=seed.choice("host", HOSTS),
        )

    @property
    def path(self) -> str:
        """The learner's repository."""
        return f"{HOME}/{self.repo}"

    @property
    def disk(self) -> str:
        """The root folder of the machine's disk."""
        return f"/srv/{self.machine}"

    def healthy(self, version: int) -> str:
        return f"{self.name} {version} is healthy."


lab = Lab("atomic-updates", Values)


def given(name: str, v: Values) -> File:
    """A program that stands for the makers of a system, for a boot loader, for a first start."""
    return File(name, path=f"{HOME}/{name}", mode=0o755, content=program(name, v))


def program(name: str, v: Values) -> str:
    """A program of the lesson's, with the learner's names in it."""
    text = (_GIVEN / name).read_text()
    for word in ("os", "name", "tool", "snap"):
        text = text.replace(f"@{word}@", str(getattr(v, word)))
    return text


def ostree(v: Values, words: str) -> str:
    """A command on the learner's repository."""
    return f"ostree --repo={v.repo} {words}"


def commit(v: Values, version: int, tree: str = "", branch: str = "") -> str:
    """Commit a version as its makers built it."""
    tree = tree or f"v{version}"
    words = f"commit --branch={branch or v.branch} --tree=dir={tree} --subject=v{version}"
    return ostree(v, words)


def touches(v: Values) -> list[str]:
    """The learner's repository, the disk, and what the makers' program writes."""
    return [f"file/{v.path}*", f"file/{v.disk}*", f"file/{HOME}/v*"]
