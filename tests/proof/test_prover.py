"""The prover itself: a lesson with a fault is not proven, and the fault is named."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab_engine.course.lesson import Lesson, load_course
from lab_engine.course.proven import SEEDS, StepChanges
from lab_engine.proof.report import junit, table
from lab_engine.proof.result import LessonProof
from lab_engine.proof.run import prove_lesson
from lab_engine.session.record import Record
from lab_engine.settings import Settings
from tests.kit import Kit

pytestmark = [pytest.mark.bench, pytest.mark.slow]

STEP = """\
+++
title = "One"
syllabus = ["07.6", "07.7"]
minutes = 5
+++
Look first.

```sh
cat ~/work/old.txt
```
```output
@<word young>
```

:::: task write
Write `hello` into `~/work/new.txt`, and leave `old.txt` alone.
::: hint
a
:::
::: hint
b
:::
::: hint
c
:::
::::
"""
LAB = """\
from __future__ import annotations

from lab_engine.authoring import File, FileProbe, Lab, Look, See, Variables, require

lab = Lab("bridges", Variables)
step = lab.step(
    "one", resources=lambda v: [File("old", path="/home/learner/work/old.txt", content="old\\n")]
)


@step.check("write", points=2)
async def write(see: See, v: Variables) -> None:
    file = await see(FileProbe("/home/learner/work/new.txt"))
    require(file.exists, "absent", expected="new.txt", observed="no such file")
    require(file.content == "hello\\n", "content", expected="hello", observed=repr(file.content))


step.solution("two lines", lambda v: ["touch new.txt", "echo hello > new.txt"],
              survives={0: "echo makes the file too"}, explained={1: ["content"]})
step.near_miss("elsewhere", lambda v: ["echo hello > other.txt", "echo helo > new.txt"],
               rejected_by="write", reason="content", explain="a typing error")
step.near_miss("empty", lambda v: ["touch new.txt"],
               rejected_by="write", reason="content", explain="a typing error")
"""


@pytest.fixture
def kit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Kit]:
    package = f"proving_{tmp_path.name.replace('-', '_')}"
    kit = Kit(tmp_path, package)
    kit.write("content/07.6-bridges/10-one.md", STEP)
    kit.change("content/07.6-bridges/lesson.md", "About @{bridge}.", "About files.")
    kit.write(f"{package}/bridges/__init__.py", LAB)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield kit
    for name in [name for name in sys.modules if name.startswith(package)]:
        del sys.modules[name]


async def proven(
    kit: Kit,
    record: Record,
    settings: Settings,
    *changes: tuple[str, str],
    seed: str = "s",
    walk: bool = False,
    case: str = "",
) -> tuple[LessonProof, Lesson]:
    for old, new in changes:
        kit.change(f"{kit.package}/bridges/__init__.py", old, new)
    lesson = load_course(kit.content, labs=kit.package).lesson("bridges")
    proof = await prove_lesson(
        lesson, seed, record, settings, lambda *_: None, walk=walk, case=case
    )
    return proof, lesson


def problems(proof: LessonProof) -> str:
    return "\n".join(f"{case.kind} {case.name}: {case.problem}" for case in proof.cases)


async def test_a_right_lesson_is_proven(
    image_tag: str, kit: Kit, record: Record, settings: Settings
) -> None:
    proof, lesson = await proven(kit, record, settings)
    assert proof.good, problems(proof)
    assert proof.killed("one", "write") == (3, 3)
    assert {case.kind for case in proof.cases} == {
        "start",
        "text",
        "near-miss",
        "solution",
        "left-out",
        "teardown",
    }
    assert "3/3" in table(proof, lesson)
    assert b'failures="0"' in junit([proof])
    assert proof.seen == (StepChanges("one", (), ("file",)),)


@pytest.mark.parametrize(("seed", "tried"), [(SEEDS[0], True), (SEEDS[1], False)])
async def test_lines_are_left_out_with_the_first_seed_alone(
    image_tag: str, kit: Kit, record: Record, settings: Settings, seed: str, tried: bool
) -> None:
    proof, _ = await proven(kit, record, settings, seed=seed)
    assert proof.good, problems(proof)
    kinds = {case.kind for case in proof.cases}
    assert ("left-out" in kinds) is tried
    assert {"start", "near-miss", "solution"} <= kinds


async def test_single_cases_by_their_names(
    image_tag: str, kit: Kit, record: Record, settings: Settings
) -> None:
    proof, _ = await proven(kit, record, settings, case="E")
    assert proof.good, problems(proof)
    named = [(case.kind, case.name) for case in proof.cases if case.name != "every check fails"]
    assert named == [
        ("near-miss", "elsewhere"),
        ("near-miss", "empty"),
        ("solution", "two lines"),
        ("teardown", "nothing is left"),
    ]
    proof, _ = await proven(kit, record, settings, case="empt")
    assert [case.name for case in proof.cases][1:] == ["empty", "nothing is left"]


async def test_a_walk_sees_what_a_solution_changes(
    image_tag: str, kit: Kit, record: Record, settings: Settings
) -> None:
    """Of a process that is new, what it sees is asked at the start too, once it is gone."""
    kit.change(
        f"{kit.package}/bridges/__init__.py",
        '    require(file.exists, "absent"',
        '''    require(file.exists, "absent", expected="new.txt", observed="no such file")
    (sleep,) = (await see(ProcessProbe(argv="^sleep 4321$"))).processes
    file = await see(FileProbe("/home/learner/work/new.txt", pid=sleep.pid))
    require(file.exists, "absent"''',
    )
    proof = await proven(
        kit,
        record,
        settings,
        ("FileProbe, Lab", "FileProbe, Lab, ProcessProbe"),
        ('"touch new.txt", ', '"sleep 4321 </dev/null >/dev/null 2>&1 &", '),
        walk=True,
    )
    assert proof[0].good, problems(proof[0])
    assert [case.kind for case in proof[0].cases] == ["start", "text", "solution", "teardown"]
    assert proof[0].seen == (StepChanges("one", ("file", "process"), ("file",)),)


async def test_what_a_near_miss_does_may_show_late(
    image_tag: str, kit: Kit, record: Record, settings: Settings
) -> None:
    """It is judged once its reason is there, as a solution is once it passes."""
    later = '["(sleep 2; touch new.txt) </dev/null >/dev/null 2>&1 &"]'
    change = ('lambda v: ["touch new.txt"]', f"lambda v: {later}")
    proof, _ = await proven(kit, record, settings, change)
    assert proof.good, problems(proof)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        pytest.param(
            'file.content == "hello\\n"', "file.exists", "SURVIVED", id="a-check-that-accepts-all"
        ),
        pytest.param(
            'touch new.txt", "echo hello',
            'touch new.txt", "false; echo hello',
            "ends with 1",
            id="a-solution-that-fails",
        ),
        pytest.param(
            '"echo hello > new.txt"],\n',
            '"echo hello > new.txt; rm old.txt"],\n',
            "changes what the step does not name: file//home/learner/work/old.txt",
            id="frame",
        ),
        pytest.param(
            'survives={0: "echo makes the file too"}',
            "survives={}",
            "SURVIVED without its line 1",
            id="a-line-that-does-nothing",
        ),
        pytest.param(
            'survives={0: "echo makes the file too"}',
            'survives={0: "echo makes the file too", 1: "wrong"}',
            "line 2 is said to be dispensable",
            id="a-reason-that-is-not-true",
        ),
        pytest.param(
            'lambda v: ["touch new.txt"]',
            'lambda v: ["true"]',
            "instead of 'content'",
            id="another-reason",
        ),
        pytest.param(
            'lambda v: ["touch new.txt"],\n               rejected_by="write", '
            'reason="content", explain="a typing error"',
            'lambda v: ["true"], rejected_by="write", reason="absent", explain="no"',
            "changes nothing in the bench",
            id="no-change",
        ),
        pytest.param(
            'lambda v: ["touch new.txt"],\n               rejected_by="write", '
            'reason="content", explain="a typing error"',
            'lambda v: ["touch new_txt"], rejected_by="write", reason="absent", explain="a dash"',
            "before any work, write is explained (absent): a dash",
            id="explained-at-the-start",
        ),
        pytest.param(
            ', explained={1: ["content"]}',
            "",
            "write is explained (content): a typing error; where that holds, say so",
            id="explained-without-a-line",
        ),
        pytest.param(
            'explained={1: ["content"]}',
            'explained={0: ["content"], 1: ["content"]}',
            "said to be explained, but nothing shows it: content",
            id="not-explained-without-a-line",
        ),
        pytest.param(
            'observed="no such file")',
            'observed="no such file", look="ls; cat nowhere")',
            "the look of write (absent) `ls; cat nowhere` ends with 1",
            id="a-look-that-fails",
        ),
        pytest.param(
            'observed="no such file")',
            'observed="no such file", look=Look("cat old.txt", fails=True))',
            "`cat old.txt` is said to fail, but ends with 0",
            id="a-look-that-does-not-fail",
        ),
        pytest.param(
            "(see: See, v: Variables) -> None:\n",
            "(see: See, v: Variables) -> None:\n    raise KeyError('x')\n",
            "the check broke",
            id="a-broken-check",
        ),
    ],
)
async def test_a_fault_is_named(
    image_tag: str,
    kit: Kit,
    record: Record,
    settings: Settings,
    old: str,
    new: str,
    says: str,
) -> None:
    proof, _ = await proven(kit, record, settings, (old, new))
    assert not proof.good
    assert says in problems(proof)


async def test_a_near_miss_that_passes_late_has_survived(
    image_tag: str, kit: Kit, record: Record, settings: Settings
) -> None:
    late = "touch new.txt; (sleep 2; echo hello > new.txt) </dev/null >/dev/null 2>&1 &"
    proof, _ = await proven(
        kit,
        record,
        settings,
        ("points=2)", "points=2, settle=5.0)"),
        ('lambda v: ["touch new.txt"]', f'lambda v: ["{late}"]'),
    )
    assert "near-miss empty: SURVIVED" in problems(proof)


async def test_a_command_in_the_text_that_fails_is_named(
    image_tag: str, kit: Kit, record: Record, settings: Settings
) -> None:
    kit.change("content/07.6-bridges/10-one.md", "cat ~/work/old.txt", "cat ~/work/nowhere.txt")
    proof, _ = await proven(kit, record, settings)
    assert "nowhere.txt" in problems(proof)


async def test_an_output_in_the_text_that_is_not_printed_is_named(
    image_tag: str, kit: Kit, record: Record, settings: Settings
) -> None:
    kit.change("content/07.6-bridges/10-one.md", "@<word young>", "new")
    proof, _ = await proven(kit, record, settings, walk=True)
    assert "line 1 of the output, 'new', was not printed; printed was:\nold" in problems(proof)
