"""Boxes have versions, and a file says which of them will do."""

from __future__ import annotations

import re
from collections.abc import Callable

from lab_engine.authoring import (
    Directory,
    DomainProbe,
    Pool,
    See,
    VagrantBox,
    require,
    require_vagrant_machine,
    require_vagrantfile,
)
from labs.vagrant_up.named import only_name
from labs.vagrant_up.values import BOX, CATALOGUE, POOL, Values, lab, up, written

VERSIONS = ("1.0.0", "1.1.0", "2.0.0")
WANTED = "1.1.0"
BOXES = f"~/.vagrant.d/boxes/{BOX.replace('/', '-VAGRANTSLASH-')}"
BEYOND = ("2.0.0", "2.0.1", "2.1.0", "3.0.0", "4.0.0")
"""Versions that a file for series 1 takes none of, were they all there."""


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

_LINE = re.compile(r"(?m)^.*\bbox_version\s*=\s*(.+)$")
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


def conditions(text: str) -> list[str] | None:
    """The conditions of a Vagrantfile's `box_version`; None if the text alone does not tell them.

    Args:
        text: the file without its comments.
    """
    line = next(reversed(_LINE.findall(text)), "nil").strip()
    if line == "nil":
        return []
    quoted = _QUOTED.findall(line)
    if not quoted or "#{" in line:
        return None
    return [part.strip() for one in quoted for part in one.split(",")]


def takes(parts: list[str], version: str) -> bool:
    """Whether these conditions take a version, by the rules of Ruby's Gem::Requirement."""
    wanted = _version(version)
    for part in parts:
        found = _CONDITION.match(part)
        if not found:
            return False
        word, other = found[1] or "=", _version(found[2])
        if word == "~>":
            kept = max(1, found[2].count("."))
            if wanted < other or wanted[:kept] != other[:kept]:
                return False
        elif not _HOLDS[word](wanted, other):
            return False
    return True


def _version(text: str) -> Version:
    numbers = tuple(int(part) for part in text.split("."))
    return numbers + (0,) * (4 - len(numbers))


@step.check("newest-of-one", points=3, settle=1.0)
async def newest_of_one(see: See, v: Values) -> None:
    name = await only_name(see, v.folder)
    made = await require_vagrant_machine(see, v.folder, name=name, box=BOX, version=WANTED)
    text = await require_vagrantfile(see, v.folder, BOX)
    its = await see(DomainProbe(made.thing))
    require(
        f"/{WANTED}/" in its.initrd,
        "other-system",
        expected=f"{made.thing} boots the system of version {WANTED}.",
        observed=f"It boots {its.initrd or 'none of the box'}.",
        look=f"virsh dumpxml {made.thing} | grep initrd",
    )
    parts = conditions(text)
    if parts is not None:
        _require_series_1(parts, f"cat {v.folder}/Vagrantfile")


def _require_series_1(parts: list[str], look: str) -> None:
    unknown = [part for part in parts if not _CONDITION.match(part)]
    require(
        not unknown,
        "no-condition",
        expected="Each condition of box_version is a version, with or without a sign before it.",
        observed=f"{', '.join(map(repr, unknown))} is none.",
        look=f"{look}; vagrant validate",
    )
    require(
        takes(parts, WANTED),
        "not-this-one",
        expected=f"The Vagrantfile takes the box {WANTED}, the newest of series 1.",
        observed="It does not take it.",
        look=look,
    )
    missed = next((one for one in ("1.2.0", "1.99.0") if not takes(parts, one)), "")
    later = takes(parts, "1.1.1")
    require(
        not missed,
        "ends-early" if later else "this-one-alone",
        expected=f"The Vagrantfile takes a box {missed}, when there is one.",
        observed=f"It takes none after {'those of 1.1' if missed == '1.2.0' else '1.2.0'}."
        if later
        else f"It takes none after {WANTED}.",
        look=look,
    )
    beyond = next((one for one in BEYOND if takes(parts, one)), "")
    require(
        not beyond,
        "series-2",
        expected="The Vagrantfile takes no box after series 1.",
        observed=f"It takes {beyond}, if that is there.",
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
step.solution(
    "a comment that names a version, and a machine with a name",
    lambda v: [
        written(
            v,
            vagrantfile("~> 1.1").replace(
                '"~> 1.1"\n', '"~> 1.1" # not "1.1.0"\n  config.vm.define "web"\n'
            ),
        ),
        up(v),
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
    explain="A number alone takes that one version, and `<=` nothing after it. "
    '`"~> 1.1"` takes all that follows in series 1.',
)
step.near_miss(
    "what begins with 1.1",
    lambda v: [written(v, vagrantfile("~> 1.1.0")), up(v)],
    rejected_by="newest-of-one",
    reason="ends-early",
    explain="`~>` leaves the last number open that you give: `~> 1.1.0` takes what begins with "
    "1.1, and `< 1.2` ends there as well.",
)
step.near_miss(
    "all but 2.0.0",
    lambda v: [written(v, vagrantfile("!= 2.0.0")), up(v)],
    rejected_by="newest-of-one",
    reason="series-2",
)
step.near_miss(
    "the old box under the new one's name",
    lambda v: [
        f"vagrant box add {CATALOGUE} --box-version 1.0.0",
        f"cp -r {BOXES}/1.0.0 {BOXES}/1.1.0",
        written(v, vagrantfile("~> 1.1")),
        up(v),
    ],
    rejected_by="newest-of-one",
    reason="other-system",
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
