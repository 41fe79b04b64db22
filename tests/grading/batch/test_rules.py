"""What a replay, a claim and a change of the bench come to, without a bench."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

from lab_engine.common.evidence import Evidence
from lab_engine.course.verdict import Outcome, Verdict
from lab_engine.grading.assignment.terms import LessonTerms
from lab_engine.grading.batch import claims, graders, surroundings, tasks
from lab_engine.grading.batch.surroundings import Change
from lab_engine.grading.classroom import Classroom
from lab_engine.grading.submission import handed
from lab_engine.grading.submission.handed import Handed
from lab_engine.grading.submission.manifest import Hinted
from lab_engine.grading.submission.refused import Refused
from lab_engine.recording.replay import StepResult
from tests.grading import made
from tests.grading.assignment.test_terms import assignment
from tests.kit import Kit

TERMS = LessonTerms("bridges")
FAILED = Verdict("create", Outcome.FAIL, 2, Evidence("driver", "bridge", "macvlan", "docker"), "",
                 "You took another driver.")  # fmt: skip


def pair(recorded: str, replayed: str) -> StepResult:
    return StepResult("one", {"create": recorded} if recorded else {}, {"create": replayed})


@pytest.mark.parametrize(
    ("was", "visits", "outcome"),
    [
        (Outcome.PASS, [pair("pass", "pass")], "pass"),
        (Outcome.PASS, [pair("fail", "fail"), pair("pass", "pass")], "pass"),
        (Outcome.PASS, [pair("pass", "fail")], "fail"),
        (Outcome.PASS, [pair("pass", "waiting")], "fail"),
        (Outcome.PASS, [pair("pass", "error")], "error"),
        (Outcome.PASS, [pair("given", "given")], "given"),
        (Outcome.PASS, [pair("pass", "given")], "given"),
        (Outcome.PASS, [], "not replayed"),
        (Outcome.FAIL, [pair("fail", "fail")], "fail"),
        (Outcome.FAIL, [pair("fail", "pass")], "fail"),
        (Outcome.FAIL, [], "fail"),
        (None, [], "not done"),
    ],
)
def test_what_counts_is_what_was_reproduced(
    kit: Kit, was: Outcome | None, visits: Sequence[StepResult], outcome: str
) -> None:
    past = made.part(made.told("create", was or Outcome.PASS)).past
    if was is None:
        past = msgspec.structs.replace(past, verdicts=())
    (task,) = tasks.graded(kit.lesson(), TERMS, past, tuple(visits), {("one", "create"): FAILED})
    assert task.outcome == outcome
    assert (task.reason == "driver") == (outcome != "pass")
    assert task.points == 2


def test_evidence_of_the_replay_comes_before_the_learners_own(kit: Kit) -> None:
    past = made.part(made.told("create", Outcome.FAIL)).past
    (own,) = tasks.graded(kit.lesson(), TERMS, past, (), {})
    assert (own.reason, own.observed) == ("absent", "none")
    (replayed,) = tasks.graded(kit.lesson(), TERMS, past, (), {("one", "create"): FAILED})
    assert (replayed.reason, replayed.explanation) == ("driver", "You took another driver.")


def test_steps_that_do_not_count(kit: Kit) -> None:
    kit.write(
        "content/07.6-bridges/20-two.md",
        Path(kit.folder / "10-one.md").read_text().replace("Make `@{bridge}`", "Again `@{bridge}`"),
    )
    lesson = kit.lesson()
    assert tasks.steps(lesson, TERMS) == ["one", "two"]
    assert tasks.steps(lesson, LessonTerms("bridges", ("two",))) == ["two"]
    assert [one.outcome for one in tasks.none(lesson, LessonTerms("bridges", ("1",)))] == [
        "not done"
    ]


@pytest.fixture
def room(tmp_path: Path) -> Classroom:
    made_room = Classroom.new(tmp_path / "net")
    made_room.keep(made.ROSTER)
    return made_room


def odd(room: Classroom, *parts: Handed, learner: str = "ada", now: float = made.BEGAN + 200,
        **fields: object) -> list[str]:  # fmt: skip
    manifest = made.manifest(*parts, learner=learner, assignment="week-3")
    manifest = msgspec.structs.replace(manifest, **fields)
    submission = handed.parse(handed.pack(manifest, parts))
    return claims.oddities(submission, assignment(), room, now)


def test_whose_seed_it_is(room: Classroom) -> None:
    own, bobs = room.seed("week-3", "ada"), room.seed("week-3", "bob")
    assert odd(room, made.part(seed=own)) == []
    assert odd(room, made.part(seed=bobs)) == ["bridges: its seed is that of bob"]
    assert odd(room, made.part(seed="x")) == ["bridges: its seed is nobody's in this class"]


def test_clocks_and_modes_and_hints(room: Classroom) -> None:
    own = room.seed("week-3", "ada")
    good = made.part(seed=own)
    practice = msgspec.structs.replace(
        good, part=msgspec.structs.replace(good.part, mode="practice")
    )
    assert "for practice" in "".join(odd(room, practice))
    hints = tuple(Hinted(made.BEGAN + 3, "one", "create", n) for n in (1, 2))
    assert "2 hints for one/create" in "".join(odd(room, made.part(seed=own, hints=hints)))
    assert "after today" in "".join(odd(room, good, now=made.BEGAN - 10 * 86400))
    early = odd(room, good, made=made.BEGAN - 1000)
    assert "happened after it was made" in "".join(early)
    assert "goes on after" in "".join(early)
    old = msgspec.structs.replace(good, casts={"a.cast": made.cast("ls", began=made.BEGAN - 900)})
    assert "older than its session" in "".join(odd(room, old))
    back = good.casts["20270115-1.cast"] + b'[0.5, "o", "x"]\n'
    turned = msgspec.structs.replace(good, casts={"a.cast": back})
    assert "not in the order of time" in "".join(odd(room, turned))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"assignment": ""}, "assignment"),
        ({"assignment": "week-4"}, "assignment"),
    ],
)
def test_handed_in_for_something_else(changes: dict[str, str], reason: str) -> None:
    with pytest.raises(Refused) as caught:
        claims.require(handed.parse(made.packed(**changes)), assignment())
    assert caught.value.reason == reason


def test_a_lesson_twice_or_one_that_is_not_asked_for() -> None:
    twice = made.packed(made.part(), made.part(session="other"), assignment="week-3")
    other = made.packed(made.part(lesson="other"), assignment="week-3")
    for data, reason in ((twice, "twice"), (other, "lesson")):
        with pytest.raises(Refused) as caught:
            claims.require(handed.parse(data), assignment())
        assert caught.value.reason == reason


def test_what_was_changed_in_the_bench() -> None:
    before = [Change("/etc/hosts", 0), Change("/usr", 0), Change("/usr/bin", 0)]
    after = [
        *before,
        Change("/usr/bin/docker", 0),
        Change("/usr/bin/helper", 1),
        Change("/usr/sbin/ip", 2),
        Change("/etc/ld.so.preload", 1),
        Change("/opt/infralab/lib", 0),
        Change("/opt/infralab/lib/agent.py", 0),
        Change("/usr/lib/x.so", 0),
        Change("/usr/local/bin/docker", 1),
        Change("/usr/lib/python3/__pycache__/a.pyc", 1),
        Change("/home/learner/work/notes", 1),
    ]
    grave, noted = surroundings.judge(before, after)
    assert grave == (
        "/etc/ld.so.preload was added",
        "/opt/infralab/lib/agent.py was changed",
        "/usr/bin/docker was changed",
        "/usr/lib/x.so was changed",
        "/usr/sbin/ip was deleted",
    )
    assert noted == ("/usr/bin/helper was added", "/usr/local/bin/docker was added")
    assert surroundings.judge(after, after) == ((), ())


def test_other_graders_have_another_key(kit: Kit) -> None:
    first = graders.of(kit.load(), assignment())
    assert first == graders.of(kit.load(), assignment())
    assert first.key != graders.of(kit.load(), assignment(points="20")).key
    assert first.editions["bridges"] != first.bundled["bridges"]
    kit.change("content/07.6-bridges/10-one.md", "Why it is so.", "Why.")
    assert first.key != graders.of(kit.load(), assignment()).key
