"""The learners' kit, unpacked and looked at: nothing in it does the work for them."""

from __future__ import annotations

import ast
import io
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from lab_engine.course import edition
from lab_engine.course.lesson import Course, load_course
from lab_engine.course.seed import Seed
from lab_engine.errors import ContentError
from lab_engine.grading.bundle import labs, package, texts

LOOK = """
import sys
from lab_engine.course import edition, faults
from lab_engine.course.lesson import load_course
from lab_engine.course.seed import Seed
for lesson in load_course().lessons:
    found = [str(fault) for fault in faults.faults(lesson, Seed("a"))]
    steps = lesson.lab.steps.values()
    proofs = sum(len(step.solutions) + len(step.near_misses) + len(step.answers) for step in steps)
    checks = sum(len(step.checks) for step in steps)
    questions = sum(len(step.question_ids) for step in lesson.steps)
    print(lesson.slug, edition.of_lesson(lesson), proofs, checks, questions, found)
"""


@pytest.fixture(scope="module")
def course() -> Course:
    return load_course()


@pytest.fixture(scope="module")
def unpacked(course: Course, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("learner")
    data = package.packed(package.files(course, course.lessons))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        archive.extractall(root)
        for info in archive.infolist():
            (root / info.filename).chmod(info.external_attr >> 16 & 0o777)
    return root / "infralab"


@pytest.mark.programs
def test_the_lessons_are_whole_there_and_hold_no_proofs(course: Course, unpacked: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-P", "-c", LOOK],
        env={"PYTHONPATH": str(unpacked), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told = {line.split(" ", 1)[0]: line.split(" ", 1)[1] for line in done.stdout.splitlines()}
    assert set(told) == {lesson.slug for lesson in course.lessons}
    for lesson in course.lessons:
        checks = sum(len(step.checks) for step in lesson.lab.steps.values())
        # The instructor can tell which edition that is.
        there = package.edition_of(lesson)
        assert told[lesson.slug] == f"{there} 0 {checks} 0 []"
        assert edition.of_lesson(lesson) != there


@pytest.mark.programs
def test_no_file_says_what_was_taken_out(course: Course, unpacked: Path) -> None:
    there = {
        path.relative_to(unpacked).as_posix(): path.read_text()
        for folder in ("labs", "content")
        for path in (unpacked / folder).rglob("*")
        if path.is_file() and path.suffix in (".py", ".md", ".toml", ".json")
    }
    code = "\n".join(text for name, text in there.items() if name.endswith(".py"))
    prose = "\n".join(text for name, text in there.items() if name.endswith(".md"))
    looked = 0
    for lesson in course.lessons:
        for step in lesson.steps:
            for miss in step.lab_step.near_misses if step.lab_step else ():
                looked += 1
                assert not miss.explain or miss.explain not in code
            document = step.document(lesson.variables(Seed("a")))
            for block in document.questions:
                for answer in block.question.answers:
                    looked += 1
                    assert not answer.explanation or answer.explanation not in prose
    assert looked > 300
    assert "[x]" not in prose
    assert ".solution(" not in code
    assert ".near_miss(" not in code
    assert not (unpacked / "content" / "proven.json").exists()


def constants(node: ast.AST) -> set[str]:
    return {
        one.value
        for one in ast.walk(node)
        if isinstance(one, ast.Constant) and isinstance(one.value, str) and len(one.value) > 12
    }


@pytest.mark.programs
def test_no_line_of_a_solution_is_left(course: Course, unpacked: Path) -> None:
    looked = 0
    for lesson in course.lessons:
        for path in lesson.lab_folder.glob("*.py"):
            left = constants(
                ast.parse((unpacked / "labs" / path.parent.name / path.name).read_text())
            )
            proofs: set[str] = set()
            others: set[str] = set()
            for node in ast.parse(path.read_text()).body:
                call = node.value if isinstance(node, ast.Expr) else None
                proof = isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute)
                (proofs if proof else others).update(constants(node))
            looked += len(proofs - others)
            assert left.isdisjoint(proofs - others)
    assert looked > 500


@pytest.mark.programs
def test_the_launcher_is_there_and_can_be_run(unpacked: Path) -> None:
    assert (unpacked / "infralab").stat().st_mode & 0o100
    assert (unpacked / "lab_engine" / "bench" / "packages.txt").is_file()
    assert not (unpacked / "tests").exists()


def test_what_only_a_solution_used_goes_with_it() -> None:
    source = b'''
"""How it is done."""
from lab_engine.authoring import Lab, See
from labs.values import Values
lab = Lab("x", Values)
step = lab.step("one")
SECRET = ["docker network create"]
KEPT = 5
def script(v):
    # the trick
    return SECRET
@step.check("create")
async def create(see: See, v: Values) -> None:
    """By the trick."""
    assert KEPT
@step.answer("which")
async def which(see, v):
    return SECRET
step.solution("plain", script)
for n in range(2):
    step.near_miss(f"no {n}", script, rejected_by="create", reason="x", explain="why")
'''
    text = labs.stripped({"one.py": source})["one.py"].decode()
    assert "create" in text
    assert "KEPT" in text
    for word in ("SECRET", "script", "trick", "which", "why", "done"):
        assert word not in text


def test_a_solution_that_cannot_be_taken_out_is_an_error() -> None:
    with pytest.raises(ContentError, match=r"cannot be taken out"):
        labs.stripped({"one.py": b"def all_of(step):\n    step.solution('a', list)\n"})


TEXT = """\
:::: task create
Make it.
::: hint
a nudge
:::
::: hint
the way
:::
::: hint
so it is
:::
::::
```sh
:::: question in code
- [x] stays
```
:::: question limit kind=choice
What?
- [ ] It gets it. | Not so.
- [x] It ends. | Right, a | b.
::::
:::: question many kind=number
How many?
- [x] 42 | Yes.
- [ ] * | Look again.
::::
After.
"""


def test_a_text_keeps_what_is_asked_and_loses_what_is_answered() -> None:
    text = texts.stripped(TEXT)
    for gone in ("the way", "so it is", "Not so", "Right", "42", "Look again"):
        assert gone not in text
    for there in ("a nudge", "What?", "- It gets it.", "- It ends.", "How many?", "[x] stays"):
        assert there in text
    assert text.count("::: hint") == 3
    assert text.endswith("After.\n")
