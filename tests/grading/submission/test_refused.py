"""Files that are broken, or made to do harm: each is refused for its reason, and nothing else."""

from __future__ import annotations

import io
import json
import os
import stat
import struct
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from lab_engine.common import digest
from lab_engine.grading.submission import archive, chain, handed
from lab_engine.grading.submission.refused import Refused
from tests.grading import made

GOOD = made.packed()
MEMBERS = archive.members(GOOD)
RECORD = "1/record.json"
CAST = "1/casts/20270115-1.cast"
WORK = f"1/work/{digest.of_bytes(made.NOTES)}"


def loose(
    members: dict[str, bytes],
    *,
    mode: int = stat.S_IFREG | 0o644,
    kind: int = zipfile.ZIP_DEFLATED,
    twice: str = "",
) -> bytes:
    """A zip file as any program makes it; the members of mode and kind are the last."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as target:
        for name, data in members.items():
            last = name == list(members)[-1]
            info = zipfile.ZipInfo(name)
            info.external_attr = (mode if last else stat.S_IFREG | 0o644) << 16
            target.writestr(info, data, kind if last else zipfile.ZIP_DEFLATED)
        if twice:
            with pytest.warns(UserWarning, match="Duplicate"):
                target.writestr(zipfile.ZipInfo(twice), b"{}")
    return buffer.getvalue()


def chained(**changes: bytes | None) -> bytes:
    """The good one with other members and a chain made anew, as a forger would."""
    names = {"manifest": "manifest.json", "record": RECORD, "cast": CAST, "work": WORK}
    members = {name: data for name, data in MEMBERS.items() if name != chain.MEMBER}
    for key, data in changes.items():
        name = names.get(key, key)
        if data is None:
            del members[name]
        else:
            members[name] = data
    return loose({**members, chain.MEMBER: chain.encode(members)})


def manifest(**changes: object) -> bytes:
    return chained(manifest=json.dumps(json.loads(MEMBERS["manifest.json"]) | changes).encode())


def part(**changes: object) -> bytes:
    told = json.loads(MEMBERS["manifest.json"])
    return manifest(parts=[told["parts"][0] | changes])


def record(**changes: object) -> bytes:
    return chained(record=json.dumps(json.loads(MEMBERS[RECORD]) | changes).encode())


def verdict(**changes: object) -> bytes:
    told = json.loads(MEMBERS[RECORD])
    return record(verdicts=[told["verdicts"][0] | changes])


def swapped(name: str, old: bytes, new: bytes) -> bytes:
    """One member changed, the chain left as it is."""
    assert old in MEMBERS[name]
    return loose({**MEMBERS, name: MEMBERS[name].replace(old, new)})


def named(name: str) -> bytes:
    """One more member of a strange name, which `zipfile` would mend when it writes it."""
    placeholder = "x" * len(name.encode(errors="surrogateescape"))
    data = loose({**MEMBERS, placeholder: b"harm"})
    return data.replace(placeholder.encode(), name.encode(errors="surrogateescape"))


def patched(offset: int, value: bytes, *, sign: bytes = b"PK\x01\x02") -> bytes:
    """The good one with other bytes in the first header of that sign."""
    at = GOOD.index(sign) + offset
    return GOOD[:at] + value + GOOD[at + len(value) :]


def end(offset: int, value: bytes) -> bytes:
    return patched(offset, value, sign=b"PK\x05\x06")


def tar() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as target:
        target.addfile(tarfile.TarInfo("manifest.json"), io.BytesIO(b""))
    return buffer.getvalue()


def overlapping() -> bytes:
    """Two entries of the directory that are one member: the way of small zip bombs."""
    at = GOOD.index(b"PK\x01\x02")
    after = GOOD.index(b"PK\x01\x02", at + 4)
    entry = bytearray(GOOD[at:after])
    name = entry.index(b"manifest.json")
    entry[name : name + 13] = b"manifest.jsox"
    size = struct.pack("<I", len(GOOD[at:-22]) + len(entry))
    count = struct.pack("<HH", len(MEMBERS) + 1, len(MEMBERS) + 1)
    return GOOD[:-22] + entry + b"PK\x05\x06\0\0\0\0" + count + size + GOOD[-6:]


def bomb() -> bytes:
    """200 MB of zeros in 200 kB."""
    return loose({**MEMBERS, "1/work/zeros": bytes(archive.MOST_BYTES)})


def lying() -> bytes:
    """A member that says it is short, and inflates to ten times that."""
    data = bytearray(loose({"manifest.json": b"0" * 5000}))
    for sign, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        at = data.index(sign) + offset
        data[at : at + 4] = struct.pack("<I", 500)
    return bytes(data)


def reordered() -> bytes:
    names = [RECORD, "manifest.json", *list(MEMBERS)[2:]]
    return loose({name: MEMBERS[name] for name in names})


def moved() -> bytes:
    """The chain is whole, but the manifest is not where it belongs."""
    members = {name: MEMBERS[name] for name in [RECORD, "manifest.json", *list(MEMBERS)[2:-1]]}
    return loose({**members, chain.MEMBER: chain.encode(members)})


def relinked() -> bytes:
    links = json.loads(MEMBERS[chain.MEMBER])
    links[1]["link"] = "0" * 64
    return loose({**MEMBERS, chain.MEMBER: json.dumps(links).encode()})


def without(name: str) -> bytes:
    return loose({key: data for key, data in MEMBERS.items() if key != name})


def deep() -> bytes:
    return chained(manifest=b"[" * 100_000)


def other_work() -> bytes:
    return chained(work=b"what another one saw\n")


Make = Callable[[], bytes]
FILES: list[tuple[str, str, Make]] = [
    # -- the file ------------------------------------------------------------
    ("an empty file", "empty", lambda: b""),
    ("a text", "no-zip", lambda: b"I did all of it.\n"),
    ("a tar archive", "no-zip", tar),
    ("an empty zip file", "no-zip", lambda: loose({})),
    ("cut off in the middle", "cut-off", lambda: GOOD[: len(GOOD) // 2]),
    ("cut off by a byte", "cut-off", lambda: GOOD[:-1]),
    ("something before it", "no-zip", lambda: b"#!/bin/sh\nreboot\n" + GOOD),
    ("something after it", "trailing", lambda: GOOD + b"more"),
    ("a comment", "no-zip", lambda: end(20, b"\x01\x00")),
    ("two files in one", "no-zip", lambda: GOOD + GOOD),
    ("a part of several", "no-zip", lambda: end(4, b"\x01\x00")),
    ("a directory elsewhere", "no-zip", lambda: end(16, b"\x00\x00\x00\x00")),
    ("a byte in the middle changed", "damaged", lambda: patched(40, b"\xff", sign=b"PK\x03\x04")),
    ("another checksum", "damaged", lambda: patched(16, b"\0\0\0\0")),
    ("a gap between members", "overlap", lambda: patched(42, b"\x07\0\0\0")),
    ("members that overlap", "overlap", overlapping),
    ("a bomb", "too-big", bomb),
    ("a member longer than it says", "damaged", lying),
    ("five thousand members", "too-many", lambda: loose({f"m{n}": b"" for n in range(5000)})),
    ("an encrypted member", "encrypted", lambda: patched(8, b"\x01\x00")),
    ("bzip2 in it", "method", lambda: loose(MEMBERS, kind=zipfile.ZIP_BZIP2)),
    ("an unknown method", "method", lambda: patched(10, b"\x63\x00")),
    ("a name other than its header's", "damaged", lambda: patched(30, b"N", sign=b"PK\x03\x04")),
    # -- names ---------------------------------------------------------------
    ("a path upwards", "path", lambda: named("../../.ssh/authorized_keys")),
    ("a path upwards in its middle", "path", lambda: named("1/work/../../../x")),
    ("an absolute path", "path", lambda: named("/etc/cron.d/x")),
    ("another system's path", "path", lambda: named("..\\..\\x")),
    ("a drive", "path", lambda: named("C:x")),
    ("a link", "link", lambda: loose({**MEMBERS, "1/work/x": b"/etc/shadow"}, mode=0o120777)),
    ("a pipe", "no-file", lambda: loose({**MEMBERS, "1/work/x": b""}, mode=0o010644)),
    ("a device", "no-file", lambda: loose({**MEMBERS, "1/work/x": b""}, mode=0o020644)),
    ("a folder", "no-file", lambda: loose({**MEMBERS, "1/work/x/": b""})),
    ("a name twice", "duplicate", lambda: loose(MEMBERS, twice="manifest.json")),
    ("a name twice but for its case", "duplicate",
     lambda: loose({**MEMBERS, "Manifest.json": b""})),
    ("an escape code in a name", "name", lambda: named("1/work/\x1b[2Jx")),
    ("a NUL in a name", "name", lambda: named("manifest.json\0.txt")),
    ("a name that is no UTF-8", "name", lambda: named("1/work/\udcff")),
    ("a hidden name", "name", lambda: loose({**MEMBERS, ".bashrc": b""})),
    ("a very long name", "name", lambda: loose({**MEMBERS, "x" * 300: b""})),
    # -- the chain -----------------------------------------------------------
    ("another learner written in", "changed", lambda: swapped("manifest.json", b"ada", b"bob")),
    ("a fail made a pass", "changed", lambda: swapped(RECORD, b"fail", b"pass")),
    ("another command typed", "changed", lambda: swapped(CAST, b"create a", b"create b")),
    ("no chain", "missing", lambda: without(chain.MEMBER)),
    ("a member left out", "missing", lambda: without(CAST)),
    ("a member added", "not-in-chain", lambda: loose({**MEMBERS, "2/record.json": b"{}"})),
    ("members in another order", "order", reordered),
    ("another link", "chain", relinked),
    ("a chain that is none", "chain", lambda: loose({**MEMBERS, chain.MEMBER: b'{"a": 1}'})),
    ("the manifest not first", "order", moved),
    # -- what it says, with a chain that holds -------------------------------
    ("no manifest", "missing", lambda: chained(manifest=None)),
    ("a manifest that is no JSON", "manifest", lambda: chained(manifest=b"learner: ada")),
    ("a manifest of a hundred thousand brackets", "manifest", deep),
    ("another kind of file", "kind", lambda: manifest(kind="infralab bundle")),
    ("a newer version", "version", lambda: manifest(version=2)),
    ("a field that is none", "manifest", lambda: manifest(points=100)),
    ("no lessons", "manifest", lambda: manifest(parts=[])),
    ("an escape code for a learner", "manifest", lambda: manifest(learner="\x1b]0;x\x07")),
    ("a learner with a line end", "manifest", lambda: manifest(learner="ada\n")),
    ("a time beyond all calendars", "manifest", lambda: manifest(made=1e300)),
    ("a lesson that is a path", "manifest", lambda: part(lesson="../labs")),
    ("another mode", "manifest", lambda: part(mode="proof")),
    ("one session twice", "twice", lambda: manifest(
        parts=json.loads(MEMBERS["manifest.json"])["parts"] * 2)),
    ("no record", "missing", lambda: chained(record=None)),
    ("an outcome that is none", "record", lambda: verdict(outcome="full marks")),
    ("a verdict that says another inside", "record", lambda: verdict(outcome="pass")),
    ("a time before all others", "record", lambda: verdict(at=-1)),
    ("steps against the clock", "record", lambda: record(happened=[
        {"at": 9, "what": "enter", "step": "one"}, {"at": 8, "what": "reset", "step": "one"}])),
    ("a recording that is none", "recording", lambda: chained(cast=b"{}\n")),
    ("a recording under another name", "stray", lambda: chained(**{"1/casts/x.sh": b"{}"})),
    ("a member that nobody names", "stray", lambda: chained(**{"1/extra": b""})),
    ("a work file upwards", "work", lambda: record(work={"../x": WORK.rpartition("/")[2]})),
    ("a work file with an escape code", "work", lambda: record(work={"\x1b": "0" * 64})),
    ("a work file of other content", "work", other_work),
    ("a work file that is not there", "missing", lambda: record(work={"a": "0" * 64})),
    ("a work file that is not named", "stray", lambda: record(work={})),
]  # fmt: skip


@pytest.mark.parametrize(
    ("reason", "make"), [pytest.param(reason, make, id=name) for name, reason, make in FILES]
)
def test_it_is_refused(reason: str, make: Make, tmp_path: Path) -> None:
    path = tmp_path / "handed-in.zip"
    path.write_bytes(make())
    with pytest.raises(Refused) as caught:
        handed.read(path)
    assert caught.value.reason == reason, caught.value.message
    assert caught.value.message.startswith("refused: ")
    assert caught.value.message.isprintable()
    assert [one.name for one in tmp_path.iterdir()] == ["handed-in.zip"]


def test_there_are_more_than_forty() -> None:
    assert len({name for name, _, _ in FILES}) == len(FILES) > 40


def test_a_file_that_is_too_big_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "handed-in.zip"
    path.touch()
    os.truncate(path, archive.MOST_PACKED + 1)
    with pytest.raises(Refused) as caught:
        handed.read(path)
    assert caught.value.reason == "too-big"


@pytest.mark.parametrize(("make", "reason"), [(os.mkfifo, "unreadable"), (os.mkdir, "unreadable")])
def test_what_is_no_file_is_not_waited_for(
    make: Callable[[Path], None], reason: str, tmp_path: Path
) -> None:
    path = tmp_path / "handed-in.zip"
    make(path)
    with pytest.raises(Refused) as caught:
        handed.read(path)
    assert caught.value.reason == reason


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(Refused) as caught:
        handed.read(tmp_path / "none.zip")
    assert caught.value.reason == "absent"


def test_the_good_one_is_read() -> None:
    """Else the test of the bad ones would say nothing."""
    got = handed.parse(GOOD)
    assert got.manifest.learner == "ada"
    assert [one.part.lesson for one in got.parts] == ["bridges"]
    assert got.parts[0] == made.part()
    assert got.seal == json.loads(MEMBERS[chain.MEMBER])[-1]["link"]
    assert handed.parse(made.packed()).seal == got.seal
    assert msgspec.json.encode(got.parts[0].past) == MEMBERS[RECORD]
