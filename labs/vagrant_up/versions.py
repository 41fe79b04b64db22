"""Boxes have versions, and a file says which of them will do."""

from __future__ import annotations

import re
from collections.abc import Callable

from lab_engine.authoring import (
    Directory,
    FileProbe,
    Pool,
    See,
    VagrantBox,
    require,
    require_vagrant_machine,
)
from labs.vagrant_up.values import BOX, CATALOGUE, POOL, Values, lab, up, written

VERSIONS = ("1.0.0", "1.1.0", "2.0.0")
WANTED = "1.1.0"


def vagrantfile(constraint: str) -> str:
    line = f'  config.vm.box_version = "{constraint}"\n' if constraint else ""
    return f"""Vagrant.configure("2") do |config|
  config.vm.box = "{BOX}"
  config.vm.box_url = "file://{CATALOGUE}"
{line}end
"""


step = lab.step(
    "versions",
    daemons=("libvirt",),
    resources=lambda v: [
        VagrantBox("small", versions=VERSIONS),
        Pool(POOL),
        Directory("project", path=v.folder, files={"Vagrantfile": vagrantfile("1.0.0")}),
    ],
    touches=lambda v: [f"pool/{POOL}", f"file/{v.folder}*"],
)


Version = tuple[int, ...]

_LINE = re.compile(r"(?m)^[^#\n]*\bbox_version\s*=\s*(.+)$")
_QUOTED = re.compile(r"""["']([^"']*)["']""")
_CONDITION = re.compile(r"(=|!=|>=|<=|>|<|~>)?\s*(\d+(?:\.\d+)*)\Z")
_HOLDS: dict[str, Callable[[Version, Version], bool]] = {
    "=": lambda one, other: one == other,
    "!=": lambda one, other: one != other,
    ">=": lambda one, other: one >= other,
    "<=": lambda one, other: one <= other,
    ">": lambda one, other: one > other,
    "<": lambda one, other: one < other,
}


def takes(text: str, version: str) -> bool | None:
    """Whether a Vagrantfile's `box_version` takes a version; None if it cannot be read like that.

    By the rules of Ruby's Gem::Requirement. A file without such a line takes every version.
    """
    line = next(reversed(_LINE.findall(text)), None)
    if line is None:
        return True
    wanted = _version(version)
    parts = [part.strip() for quoted in _QUOTED.findall(line) for part in quoted.split(",")]
    for part in parts:
        found = _CONDITION.match(part)
        if not found:
            return None
        word, other = found[1] or "=", _version(found[2])
        if word == "~>":
            kept = max(1, found[2].count("."))
            if wanted < other or wanted[:kept] != other[:kept]:
                return False
        elif not _HOLDS[word](wanted, other):
            return False
    return True if parts else None


def _version(text: str) -> Version:
    numbers = tuple(int(part) for part in text.split("."))
    return numbers + (0,) * (4 - len(numbers))


@step.check("newest-of-one", points=3, settle=1.0)
async def newest_of_one(see: See, v: Values) -> None:
    await require_vagrant_machine(see, v.folder, box=BOX, version=WANTED)
    text = (await see(FileProbe(f"{v.folder}/Vagrantfile"))).content
    look = f"cat {v.folder}/Vagrantfile"
    require(
        takes(text, "1.2.0") is not False,
        "this-one-alone",
        expected="The Vagrantfile takes a box 1.2.0, when there is one.",
        observed="It does not take it.",
        look=look,
    )
    require(
        takes(text, "2.0.0") is not True,
        "series-2",
        expected="The Vagrantfile takes no box of series 2.",
        observed="It takes 2.0.0, if that is there.",
        look=look,
    )


step.solution("any of series 1", lambda v: [written(v, vagrantfile("~> 1.1")), up(v)])
step.solution(
    "from and below, the box fetched before",
    lambda v: [
        f"vagrant box add {CATALOGUE} --box-version 1.1.0 && "
        f"sed -i 's/1.0.0/>= 1.0, < 2.0/' {v.project}/Vagrantfile && {up(v)}"
    ],
)
step.near_miss(
    "content with an older one",
    lambda v: [
        f"vagrant box add {CATALOGUE} --box-version 1.0.0",
        written(v, vagrantfile("~> 1.0")),
        up(v),
    ],
    rejected_by="newest-of-one",
    reason="other-version",
)
step.near_miss(
    "this one and no other",
    lambda v: [written(v, vagrantfile("1.1.0")), up(v)],
    rejected_by="newest-of-one",
    reason="this-one-alone",
    explain="A number alone takes that one version, `~> 1.1.0` what begins with 1.1. "
    '`"~> 1.1"` takes all that follows in series 1.',
)
step.near_miss(
    "any, of which one is there",
    lambda v: [
        f"vagrant box add {CATALOGUE} --box-version 1.1.0",
        written(v, vagrantfile(">= 1.1")),
        up(v),
    ],
    rejected_by="newest-of-one",
    reason="series-2",
)
step.near_miss(
    "without a version",
    lambda v: [written(v, vagrantfile("")), up(v)],
    rejected_by="newest-of-one",
    reason="other-version",
)
step.near_miss(
    "the new box beside an old machine's file",
    lambda v: [f"vagrant box add {CATALOGUE} --box-version 1.1.0"],
    rejected_by="newest-of-one",
    reason="not-up",
)
