"""The work of a class of twelve, from one recorded session: what each of them hands in."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import msgspec

from lab_engine.common.evidence import Evidence
from lab_engine.course.verdict import Outcome, Verdict
from lab_engine.grading.submission.handed import Handed

HONEST = ("ada", "ida", "joe", "kay", "lee")


def typed_by(
    part: Handed, number: int, seed: str, was: Mapping[str, str], own: Mapping[str, str]
) -> Handed:
    """The same session as somebody else types it: with their values, at their own speed."""
    speed = 1 + number / 20
    began = part.past.began

    def at(time: float) -> float:
        return began + (time - began) * speed

    def translated(text: str) -> str:
        for name in ("hostname", "uts_seconds"):
            text = re.sub(rf"(?<!\w){re.escape(was[name])}(?!\w)", own[name], text)
        return text

    past = msgspec.structs.replace(
        part.past,
        touched=at(part.past.touched),
        happened=tuple(msgspec.structs.replace(one, at=at(one.at)) for one in part.past.happened),
        verdicts=tuple(msgspec.structs.replace(one, at=at(one.at)) for one in part.past.verdicts),
    )
    casts = {}
    for name, data in part.casts.items():
        head, *events = [json.loads(line) for line in by_line(data).splitlines()]
        cast_began = head["infralab"]["began"]
        head["infralab"]["began"] = at(cast_began)
        told = [[second * speed, code, translated(text)] for second, code, text in events]
        casts[name] = b"".join(json.dumps(one).encode() + b"\n" for one in [head, *told])
    own_part = msgspec.structs.replace(
        part.part, seed=seed, session=f"{part.part.session}-{number}"
    )
    return Handed(own_part, past, casts, part.files)


def by_line(data: bytes) -> bytes:
    """The recording with each line of input in one event, where its first key was hit."""
    head, *lines = data.splitlines(keepends=True)
    found: list[Any] = []
    line: list[Any] | None = None
    for event in (json.loads(one) for one in lines):
        if event[1] != "i":
            found.append(event)
            continue
        if line is None:
            line = event
            found.append(line)
        else:
            line[2] += event[2]
        if event[2].endswith("\r"):
            line = None
    return head + b"".join(json.dumps(one).encode() + b"\n" for one in found)


def without(part: Handed, command: str) -> Handed:
    """A learner who left a command out, and was told that it is not right."""
    casts = {}
    for name, data in part.casts.items():
        head, *lines = by_line(data).splitlines(keepends=True)
        left = [one for one in lines if not _types(json.loads(one), command)]
        casts[name] = b"".join([head, *left])
    evidence = Evidence("old-name", "another name", "the old name")
    verdicts = tuple(
        msgspec.structs.replace(
            one, outcome=Outcome.FAIL, verdict=Verdict(one.task, Outcome.FAIL, 2, evidence)
        )
        for one in part.past.verdicts
    )
    return Handed(
        part.part, msgspec.structs.replace(part.past, verdicts=verdicts), casts, part.files
    )


def _types(event: list[Any], command: str) -> bool:
    return event[1] == "i" and str(event[2]).startswith(command)


def empty(part: Handed) -> Handed:
    """A session in which nothing was typed and nothing was claimed."""
    return Handed(part.part, msgspec.structs.replace(part.past, verdicts=(), work={}), {}, {})


def forged(part: Handed) -> Handed:
    """All that was printed and claimed, and nothing typed."""
    casts = {}
    for name, data in part.casts.items():
        head, *lines = data.splitlines(keepends=True)
        casts[name] = b"".join([head, *(one for one in lines if json.loads(one)[1] != "i")])
    return Handed(part.part, part.past, casts, part.files)
