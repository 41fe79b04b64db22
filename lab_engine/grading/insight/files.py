"""The files of a learner's work folder: what they changed, as it was handed in."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

from lab_engine.grading.submission import work
from lab_engine.grading.submission.handed import Handed
from lab_engine.recording.cast import Unreadable
from lab_engine.shown import shown

LONGEST: Final = 20_000
"""Characters of a file that are shown."""

What = Literal["new", "changed", "as it was", "gone", "left out"]


class WorkFile(NamedTuple):
    """A file of a lesson; `text` is its content for people, or why there is none."""

    lesson: str
    path: str
    what: What
    size: int
    text: str


def files(part: Handed) -> list[WorkFile]:
    """Those that were handed in, those that went, and those that were left out; by path."""
    before = _at_the_start(part)
    found = []
    for path, sha256 in part.past.work.items():
        name, data = work.spelled(path), part.files[sha256]
        was = before.get(name)
        what: What = "new" if was is None else "as it was" if was == sha256 else "changed"
        found.append(WorkFile(part.part.lesson, name, what, len(data), _text(data)))
    handed = {one.path for one in found}
    left_out = {work.spelled(path): why for path, why in part.part.left_out.items()}
    for name, why in left_out.items():
        found.append(WorkFile(part.part.lesson, name, "left out", 0, shown(why)))
    # Without a bench nothing was fetched: that says nothing of what was there.
    gone = () if part.part.work else before.keys() - handed - left_out.keys()
    found += [WorkFile(part.part.lesson, name, "gone", 0, "") for name in gone]
    return sorted(found, key=lambda one: one.path)


def _at_the_start(part: Handed) -> dict[str, str]:
    """What the recorder saw before anything was typed, path to digest."""
    try:
        for cast in part.recordings():
            for event in cast.events:
                if event.code == "i":
                    return {}
                if event.code == "m" and (mark := event.mark()).mark == "files":
                    return {shown(path): digest for path, digest in mark.files.items()}
    except Unreadable:
        # A mark that cannot be read: all are told as new then.
        return {}
    return {}


def _text(data: bytes) -> str:
    if b"\0" in data[:LONGEST]:
        return f"({len(data)} bytes that are no text)"
    text = data.decode(errors="replace")
    more = "\n… (the rest is not shown)" if len(text) > LONGEST else ""
    return shown(text[:LONGEST]) + more
