"""Statements about overlay mounts that a lab can require (client side)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from lab_engine.common.evidence import See, require
from lab_engine.common.kindly import as_read, has_one_more
from lab_engine.common.probe import Probe
from lab_engine.families.files.probes import FileProbe, FileReading
from lab_engine.families.overlay.probes import OverlayProbe, OverlayReading, StackedFolder


async def require_overlay(
    see: See,
    target: str,
    *,
    lower: Sequence[str],
    upper: str = "",
    writable: bool | None = None,
) -> OverlayReading:
    """On top at a path is an overlay of just these folders, in this order. One round trip.

        await require_overlay(see, "/mnt/view", lower=["/mnt/top", "/mnt/base"], writable=True)

    Folders are told by their inodes: a link, a relative path or another spelling is as right.

    Reasons, in this order: `not-mounted`, `no-overlay`, `layer-as-upper`, `other-order`,
    `other-layers`, `read-only`, `writable`, `other-upper`, `moved` (it shows something else than
    its folders hold: they were moved or changed from below, or a part of it is covered).

    Args:
        see: the check's way to ask.
        target: the path of the mount.
        lower: the folders that are only read, topmost first.
        upper: the folder that is written to; empty for any.
        writable: whether there is one; None for either.
    """
    probes: list[Probe[Any]] = [FileProbe(path) for path in (*lower, *filter(None, [upper]))]
    answers = await see(OverlayProbe(target), *probes)
    found: OverlayReading = answers[0]
    _mounted(found, target)
    look = f"findmnt -no OPTIONS {target}"
    wanted: list[FileReading] = list(answers[1 : len(lower) + 1])
    order = " over ".join(lower)
    require(
        not (found.upper and any(_same(found.upper, one) for one in wanted)),
        "layer-as-upper",
        expected=f"{', '.join(lower)} are only read at {target}.",
        observed=f"{found.upper.path if found.upper else ''} is its upper folder: what is written "
        "there changes it.",
        look=look,
    )
    same = len(found.lower) == len(wanted)
    ordered = same and all(map(_same, found.lower, wanted))
    require(
        ordered or not (same and all(any(_same(f, w) for f in found.lower) for w in wanted)),
        "other-order",
        expected=f"{target} shows {order}.",
        observed=f"It shows {' over '.join(one.path for one in found.lower)}.",
        look=look,
    )
    require(
        ordered,
        "other-layers",
        expected=f"{target} shows {order}.",
        observed=f"It shows {' over '.join(one.path for one in found.lower)}.",
        look=look,
    )
    can = found.upper is not None and not found.read_only
    require(
        writable is not True or can,
        "read-only",
        expected=f"{target} can be written to.",
        observed="It cannot: it has no upper folder."
        if found.upper is None
        else "It is mounted read-only.",
        look=look,
    )
    require(
        writable is not False or not can,
        "writable",
        expected=f"{target} can only be read.",
        observed="It has an upper folder, and can be written to.",
        look=look,
    )
    require(
        not upper or (found.upper is not None and _same(found.upper, answers[-1])),
        "other-upper",
        expected=f"What is written at {target} goes to {upper}.",
        observed=f"It goes to {found.upper.path}." if found.upper else "It goes nowhere.",
        look=look,
    )
    require(
        not found.odd,
        "moved",
        expected=f"{target} shows what its folders hold.",
        observed=f"At {', '.join(found.odd)} it does not: a folder was changed from below, or "
        "something is mounted over it.",
        look=f"findmnt -R {target}",
    )
    return found


async def require_written_through(
    see: See,
    target: str,
    *,
    says: Mapping[str, str] | None = None,
    adds: Mapping[str, str] | None = None,
    lacks: Collection[str] = (),
) -> OverlayReading:
    """Somebody wrote and deleted through an overlay: its upper folder has it. One round trip.

        await require_written_through(see, "/mnt/view", adds={"/etc/hosts": "10.0.0.2 red"})

    Compared with what its lower folders hold now. Whether they are as they were is another
    question: `require_same_file`.

    Reasons: `not-mounted`, `no-overlay`, `never-there`, `not-in-upper`, `other-text`,
    `old-text-lost`, `not-added`, `still-there`.

    Args:
        see: the check's way to ask.
        target: the path of the mount.
        says: path, from the root of the mount, to the whole text of a file.
        adds: path to one line: the file has all lines of the lower one in their order, and this.
        lacks: paths that the lower folders have and the mount has not any more.
    """
    says, adds = says or {}, adds or {}
    found = await see(OverlayProbe(target, tuple(dict.fromkeys((*says, *adds, *lacks)))))
    _mounted(found, target)
    for path in (*adds, *lacks):
        require(
            found.paths[path].lower.exists,
            "never-there",
            expected=f"One of the lower folders of {target} has {path}.",
            observed="None has.",
            look=f"findmnt -no OPTIONS {target}",
        )
    for path in (*says, *adds):
        require(
            found.paths[path].upper.kind == "file",
            "not-in-upper",
            expected=f"The upper folder of {target} holds a file {path}.",
            observed="It does not.",
            look=f"findmnt -no OPTIONS {target}",
        )
    for path, text in says.items():
        now = found.paths[path].view
        require(
            now.whole and as_read(now.content) == as_read(text),
            "other-text",
            expected=f"{target}{path} says {text!r}.",
            observed=f"It says {now.content.strip()[:60]!r}.",
            look=f"head -c 2000 {target}{path}",
        )
    for path, line in adds.items():
        one = found.paths[path]
        kept, added = has_one_more(one.lower.content, one.view.content, line)
        require(
            kept and one.view.whole,
            "old-text-lost",
            expected=f"{target}{path} still has all the lines that the folder below has.",
            observed="Some of them are gone, or stand in another order.",
            look=f"head -c 2000 {target}{path}",
        )
        require(
            added,
            "not-added",
            expected=f"{target}{path} has one line more: {line!r}.",
            observed="It has not, or more than that.",
            look=f"head -c 2000 {target}{path}",
        )
    for path in lacks:
        require(
            not found.paths[path].view.exists,
            "still-there",
            expected=f"{target}{path} is gone.",
            observed="It is still there.",
            look=f"ls -ld {target}{path}",
        )
    return found


def _mounted(found: OverlayReading, target: str) -> None:
    look = f"findmnt {target} || echo none"
    require(
        found.exists or found.fstype,
        "not-mounted",
        expected=f"An overlay is mounted at {target}.",
        observed="Nothing is mounted there.",
        look=look,
    )
    require(
        found.exists,
        "no-overlay",
        expected=f"An overlay is mounted at {target}.",
        observed=f"On top there is {found.fstype}.",
        look=look,
    )


def _same(folder: StackedFolder, wanted: FileReading) -> bool:
    return wanted.exists and (folder.device, folder.inode) == (wanted.device, wanted.inode)
