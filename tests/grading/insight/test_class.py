"""A class as a whole: its mistakes, what a regrade changes, what two learners share."""

from __future__ import annotations

import json
from typing import Any

from lab_engine.grading.insight.changes import changes
from lab_engine.grading.insight.copies import Copy, Work, copies, work
from lab_engine.grading.insight.mistakes import mistakes
from lab_engine.grading.insight.typed import lines, neutral
from lab_engine.grading.submission import handed
from lab_engine.grading.submission.handed import Handed
from tests.grading import made


def failed(reason: str, **fields: Any) -> Any:
    return made.lesson_grade(
        made.task("a", "fail", reason=reason, recorded="fail", expected="it", **fields)
    )


def test_the_same_mistake_is_put_together() -> None:
    gradings = [
        made.graded("ada", failed("absent", explanation="You left out --network.")),
        made.graded("bob", failed("absent", explanation="You left out --network.")),
        made.graded("cyd", failed("driver")),
        made.graded("dan", made.lesson_grade(made.task("a", recorded="pass"))),
        made.graded("eve", made.lesson_grade(made.task("a", "not done", reason=""))),
        # An earlier attempt of ada's does not count twice.
        made.graded("ada", failed("absent"), submission="ada-2"),
    ]
    first, second = mistakes(gradings)
    assert (first.reason, first.learners, first.of) == ("absent", ("ada", "bob"), 4)
    assert first.told == "2 of 4: bridges/one/a: absent: You left out --network."
    assert (second.reason, second.learners) == ("driver", ("cyd",))


def test_a_regrade_says_who_changes_and_why() -> None:
    def book(outcome: Any, checker: str, earned: float | None) -> Any:
        grade = made.lesson_grade(
            made.task("a", outcome, expected="x", observed="y"), checkers={"one": checker}
        )
        return made.graded("ada", grade, earned=earned)

    same = made.graded("bob")
    only_new = made.graded("cyd")
    (change,) = changes([book("fail", "c1", 0.0), same], [book("pass", "c2", 20.0), same, only_new])
    assert (change.learner, change.before, change.after) == ("ada", 0.0, 20.0)
    assert change.reasons == ("bridges/one/a was fail, is pass, with another edition of its check",)
    (back,) = changes([book("pass", "c1", 20.0)], [book("fail", "c1", 0.0)])
    assert "is fail (expected: x observed: y), with the same check" in back.told
    (late,) = changes([book("pass", "c1", 20.0)], [book("pass", "c1", 18.0)])
    assert late.reasons == ("the terms of the assignment",)
    assert changes([same], [same]) == []


LINES = (
    "docker network ls", "docker network create @{bridge}", "docker run -d --name @{web} nginx",
    "docker newtork ls", "docker ps", "docker inspect @{web}", "curl localhost:@{port}",
    "docker logs @{web}", "ip -br a",
)  # fmt: skip
VALUES = {
    "ada": {"bridge": "br_41", "web": "web-otter", "port": "8141"},
    "bob": {"bridge": "br_77", "web": "web-heron", "port": "8177"},
    "cyd": {"bridge": "br_93", "web": "web-tapir", "port": "8193"},
    "dan": {"bridge": "br_15", "web": "web-finch", "port": "8115"},
    "eve": {"bridge": "br_62", "web": "web-lemur", "port": "8162"},
}


def typed(who: str, values: str = "", pauses: float = 1.0, lines: tuple[str, ...] = LINES) -> Any:
    own = VALUES[values or who]
    text = []
    for line in lines:
        for name, value in own.items():
            line = line.replace(f"@{{{name}}}", value)
        text.append(line)
    data = made.cast(*text)
    if pauses != 1.0:
        head, *rest = data.split(b"\n")[:-1]
        events = [json.loads(one) for one in rest]
        slower = [[at * pauses, code, told] for at, code, told in events]
        data = b"".join(json.dumps(one).encode() + b"\n" for one in [json.loads(head), *slower])
    return data


def one(who: str, data: bytes, files: dict[str, bytes] | None = None) -> Work:
    part = made.part(work=files or {})
    part = Handed(part.part, part.past, {"a.cast": data}, part.files)
    return work(handed.parse(made.packed(part, learner=who)), VALUES[who])


OTHER = tuple(f"{line} --{n}" for n, line in enumerate(LINES))


def found(*all_work: Work) -> list[Copy]:
    return copies(all_work)


def others() -> list[Work]:
    """Three who did it in their own ways."""
    return [
        one("cyd", typed("cyd", pauses=1.7, lines=LINES[:3])),
        one("dan", typed("dan", pauses=0.6, lines=OTHER)),
        one("eve", typed("eve", pauses=1.3, lines=tuple(reversed(OTHER)))),
    ]


def test_honest_work_is_not_named() -> None:
    assert found(*others()) == []
    assert found(one("ada", typed("ada", pauses=0.8, lines=LINES[:7])), *others()) == []


def test_the_same_recording() -> None:
    data = typed("ada")
    (copy,) = found(one("ada", data), one("bob", data), *others())
    assert (copy.one, copy.other, copy.sure) == ("ada", "bob", "certain")


def test_the_same_pauses_with_other_values() -> None:
    (copy,) = found(one("ada", typed("ada")), one("bob", typed("bob")), *others())
    assert (copy.sure, copy.places[1].mine, copy.places[1].theirs) == (
        "certain", "docker network create br_41", "docker network create br_77"
    )  # fmt: skip


def test_anothers_values() -> None:
    (copy,) = found(
        one("ada", typed("ada", pauses=1.1)), one("bob", typed("bob", values="ada")), *others()
    )
    assert copy.sure == "likely"
    assert copy.why == "bob typed values of ada's seed: 8141, br_41, web-otter"


def test_a_single_value_may_be_chance() -> None:
    tried = one("bob", made.cast("curl localhost:8141"))
    (copy,) = found(one("ada", typed("ada", pauses=1.1)), tried, *others())
    assert copy.sure == "perhaps"


def test_a_shared_file() -> None:
    mine = {"answer.txt": b"the same thirty letters or more\n"}
    ada = one("ada", typed("ada", lines=LINES[:4]), mine)
    bob = one("bob", typed("bob", pauses=2.0, lines=OTHER[:3]), {"b/copy.txt": mine["answer.txt"]})
    (copy,) = found(ada, bob, *others())
    assert (copy.sure, copy.places[0].mine, copy.places[0].theirs) == (
        "likely", "answer.txt", "b/copy.txt"
    )  # fmt: skip


def test_a_file_that_the_lesson_gives_is_nobodys() -> None:
    given = {"given.txt": b"what the lesson gives to everybody\n"}
    lines = [LINES[:3], OTHER[:4], OTHER[4:], tuple(reversed(LINES[:4])), OTHER[2:6]]
    all_work = [
        one(who, typed(who, pauses=0.5 + n, lines=lines[n]), given) for n, who in enumerate(VALUES)
    ]
    assert found(*all_work) == []


def test_the_same_lines_with_a_rare_slip() -> None:
    (copy,) = found(one("ada", typed("ada")), one("bob", typed("bob", pauses=1.4)), *others())
    assert copy.sure == "perhaps"
    assert "docker newtork ls" in [place.mine for place in copy.places]


def test_two_attempts_of_one_learner_are_no_copy() -> None:
    assert found(one("ada", typed("ada")), one("ada", typed("ada"))) == []


def test_what_was_typed_and_erased_is_left_out() -> None:
    part = Handed(
        made.part().part, made.part().past, {"a.cast": made.cast("lss\x7f\x7f\x7fls", "")}, {}
    )
    assert [line.text for line in lines([part])] == ["ls"]
    assert neutral("curl web-a:80 web-ab", {"x": "web-a"}) == "curl @{x}:80 web-ab"


def test_a_big_class_is_compared() -> None:
    size = 100
    values = {f"l{n}": {"web": f"web-{n:04}"} for n in range(size)}
    all_work = []
    for n in range(size):
        who = f"l{n}"
        mine = made.cast(*(f"docker run web-{n:04} {(n * k) % 17}" for k in range(12)))
        part = Handed(made.part().part, made.part(work={}).past, {"a.cast": mine}, {})
        all_work.append(work(handed.parse(made.packed(part, learner=who)), values[who]))
    pairs = copies(all_work)
    assert {copy.sure for copy in pairs} == {"certain"}
    same = [(n, m) for n in range(size) for m in range(n) if (n - m) % 17 == 0]
    assert len(pairs) == len(same) > 200
