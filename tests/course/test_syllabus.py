"""What counts as real: what the checks saw change when the step was proven, as it is now."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest

from lab_engine.course import cover, proven
from lab_engine.course.lesson import Lesson
from lab_engine.course.proven import StepChanges
from lab_engine.errors import ContentError
from lab_engine.families.docker.probes.engine import (
    DockerNetworkProbe,
    DockerNetworkReading,
)
from lab_engine.families.docker.probes.inside import (
    ContainerFileProbe,
)
from lab_engine.families.files.probes import DirectoryProbe, FileProbe, FileReading
from lab_engine.families.netlink.probes.reach import (
    HttpProbe,
    HttpReading,
    ReachProbe,
    ReachReading,
)
from lab_engine.proof.changes import Changes
from lab_engine.session.check import probe_key
from tests.kit import Kit

LAB = "labs/bridges/__init__.py"
STEP = "content/07.6-bridges/10-one.md"
REAL = StepChanges("one", ("docker-network",), ("file",))


def record(kit: Kit, *seen: StepChanges) -> None:
    lesson = kit.lesson()
    proven.record(lesson, seen, proven.editions(lesson), content=kit.content)


def covered(kit: Kit) -> list[tuple[str, str]]:
    """How each part is covered, and why not for real."""
    course = kit.load()
    found = cover.coverage(course.syllabus, course.lessons, proven.load(kit.content))
    return [(c.how, c.by[0].why if c.by else "") for c in found]


def both(how: str, why: str = "") -> list[tuple[str, str]]:
    return [("missing", ""), (how, why), (how, why)]


def test_a_step_that_was_seen_to_change_something_is_real(kit: Kit) -> None:
    assert covered(kit) == both("nearest", "not proven yet")
    record(kit, REAL)
    assert covered(kit) == both("real")


def test_a_step_of_files_alone_is_nearest(kit: Kit) -> None:
    record(kit, StepChanges("one", (), ("file",)))
    assert covered(kit) == both(
        "nearest", "its checks saw nothing change but files that were written"
    )


def test_what_stands_in_is_said_and_needs_no_proof(kit: Kit) -> None:
    kit.change(STEP, "minutes", 'instead = "a simulated cloud"\nminutes')
    assert covered(kit) == both("nearest", "a simulated cloud")
    record(kit, REAL)
    assert covered(kit) == both("nearest", "a simulated cloud")


@pytest.mark.parametrize("half", ["text", "lab"])
def test_what_changed_since_is_not_real_any_more(kit: Kit, half: str) -> None:
    record(kit, REAL)
    if half == "text":
        kit.change(STEP, "Why it is so.", "Why it is not so.")
    else:
        kit.change_lab("points=2", "points=3")
    assert covered(kit) == both("nearest", "not proven since it changed")
    assert [rule for rule, level, _ in kit.rules() if level == "advice"] == ["not-recorded"]
    record(kit, REAL)
    assert covered(kit) == both("real")
    assert kit.rules() == []


def test_another_step_changes_nothing(kit: Kit) -> None:
    record(kit, REAL)
    kit.write(
        "content/07.6-bridges/20-two.md",
        '+++\ntitle = "T"\nsyllabus = []\nminutes = 1\n+++\nHi.\n',
    )
    kit.change("content/07.6-bridges/lesson.md", "About", "All about")
    assert covered(kit) == both("real")


def test_a_step_that_is_gone_is_forgotten(kit: Kit) -> None:
    notes = proven.load(kit.content)
    old = proven.Note("0" * 64, ("link",))
    notes.notes["bridges"] = {"gone": old, "one": old}
    notes.add(kit.lesson(), [REAL], proven.editions(kit.lesson()))
    assert list(notes.notes["bridges"]) == ["one"]


def test_what_is_written_while_it_is_proven_is_not_proven(kit: Kit) -> None:
    lesson = kit.lesson()
    before = proven.editions(lesson)
    kit.change(STEP, "Why it is so.", "Why it is otherwise.")
    proven.record(kit.lesson(), [REAL], before, content=kit.content)
    assert covered(kit) == both("nearest", cover.NOT_REAL["stale"])


def test_proofs_that_end_at_once_keep_each_others_notes(kit: Kit) -> None:
    lesson = kit.lesson()
    now = proven.editions(lesson)
    others = [dataclasses.replace(lesson, slug=f"other-{n}") for n in range(20)]

    def end(other: Lesson) -> None:
        proven.record(other, [REAL], now, content=kit.content)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(end, others))
    assert len(proven.load(kit.content).notes) == len(others)


def test_a_damaged_file_is_told(kit: Kit) -> None:
    kit.write("content/proven.json", '{"bridges": {"one": 3}}')
    with pytest.raises(ContentError, match=r"content/proven\.json: cannot be read") as caught:
        covered(kit)
    assert "--record" in caught.value.hint


Pair = tuple[msgspec.Struct, msgspec.Struct, msgspec.Struct]
NETWORK = (
    DockerNetworkProbe("n"),
    DockerNetworkReading(exists=False),
    DockerNetworkReading(name="n"),
)
WRITTEN = (FileProbe("/home/learner/work/a"), FileReading(exists=False), FileReading(content="x"))
INSIDE = (FileProbe("/a", pid=77), FileReading(exists=False), FileReading(content="x"))
KERNEL = (FileProbe("/proc/sys/net/ipv4/ip_forward"), FileReading(), FileReading(content="1"))
LATER = (
    HttpProbe("http://a/"),
    HttpReading(status=200, headers={"Date": "1"}),
    HttpReading(status=200, headers={"Date": "2"}),
)
SLOWER = (ReachProbe("10.0.0.1"), ReachReading(milliseconds=1.0), ReachReading(milliseconds=9.0))
REACHED = (ReachProbe("10.0.0.1"), ReachReading(problem="timeout"), ReachReading(received=1))


@pytest.mark.parametrize(
    ("pairs", "real", "parsed"),
    [
        pytest.param([NETWORK], ("docker-network",), (), id="a-network"),
        pytest.param([WRITTEN], (), ("file",), id="a-file-that-was-written"),
        pytest.param([INSIDE], ("file",), (), id="a-file-as-a-process-sees-it"),
        pytest.param([KERNEL], ("file",), (), id="the-kernel"),
        pytest.param([LATER, SLOWER], (), (), id="what-changes-by-itself"),
        pytest.param([REACHED], ("reach",), (), id="an-answer-where-there-was-none"),
        pytest.param([WRITTEN, REACHED, NETWORK], ("docker-network", "reach"), ("file",), id="all"),
        pytest.param([(NETWORK[0], NETWORK[2], NETWORK[2])], (), (), id="nothing"),
    ],
)
def test_what_was_seen(
    pairs: Sequence[Pair], real: tuple[str, ...], parsed: tuple[str, ...]
) -> None:
    start = {probe_key(p): msgspec.json.encode(a) for p, a, _ in pairs}  # type: ignore[arg-type]
    solved = {probe_key(p): msgspec.json.encode(b) for p, _, b in pairs}  # type: ignore[arg-type]
    assert Changes(start, solved).of("s") == StepChanges("s", real, parsed)
    # What nobody asked at the start is no change until it was asked.
    changes = Changes({}, solved)
    assert changes.of("s") == StepChanges("s")
    assert {probe_key(p) for p in changes.missing} == solved.keys()
    changes.add_start(start)
    assert changes.of("s") == StepChanges("s", real, parsed)


def test_files_in_containers_and_folders_of_the_kernel_are_real() -> None:
    assert ContainerFileProbe("web", "/a").sees == "real"
    assert DirectoryProbe("/proc").sees == "real"
    assert DirectoryProbe("/home/learner/work").sees == "parsed"
    assert DirectoryProbe("/processes").sees == "parsed"
