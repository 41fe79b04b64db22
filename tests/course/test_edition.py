"""What makes a step another edition, and what does not; what is left to prove then."""

from __future__ import annotations

import argparse
from collections.abc import Callable

import pytest

from lab_engine.cli.prove import _turns
from lab_engine.course import edition, proven, used
from lab_engine.course.lesson import load_course
from lab_engine.course.proven import SEEDS, StepChanges
from lab_engine.errors import ContentError
from tests.kit import LAB, STEP, Kit

COURSE = load_course()
TWO = "from lab_engine.authoring import FileProbe\nfrom {package}.bridges.values import lab\n"
_HEAD, _, _STEP_ONE = LAB.partition("step = lab.step")
VALUES = _HEAD.replace(
    "DockerNetworkProbe, Image, Lab, See, Seed, Variables, require", "Lab, Seed, Variables"
)


@pytest.fixture
def kit(kit: Kit) -> Kit:
    """Its lab in modules, as labs are: two steps, their values, and one of nobody's."""
    labs = f"{kit.package}/bridges"
    door = "from lab_engine.authoring import DockerNetworkProbe, Image, See, require\n"
    kit.write(f"{labs}/values.py", VALUES)
    kit.write(
        f"{labs}/one.py",
        door + f"from {kit.package}.bridges.values import Values, lab\nstep = lab.step{_STEP_ONE}",
    )
    kit.write(f"{labs}/two.py", TWO.format(package=kit.package) + 'step = lab.step("two")\n')
    kit.write(
        f"{labs}/__init__.py",
        f"from {kit.package}.bridges import one, two\n"
        f"from {kit.package}.bridges.values import lab\n",
    )
    kit.write(f"{labs}/given/page.py", "print(1)\n")
    kit.write("content/07.6-bridges/20-two.md", STEP.replace("create", "other"))
    return kit


def editions(kit: Kit) -> tuple[str, str]:
    lesson = kit.lesson()
    return edition.of_step(lesson, lesson.step("one")), edition.of_step(lesson, lesson.step("two"))


@pytest.mark.parametrize(
    ("change", "others"),
    [
        pytest.param(
            lambda kit: kit.change("content/07.6-bridges/10-one.md", "Why", "Now why"),
            (True, False),
            id="its-text",
        ),
        pytest.param(
            lambda kit: kit.change(f"{kit.package}/bridges/one.py", "points=2", "points=3"),
            (True, False),
            id="its-module",
        ),
        pytest.param(
            lambda kit: kit.change(f"{kit.package}/bridges/values.py", "10, 99", "10, 98"),
            (True, True),
            id="what-both-import",
        ),
        pytest.param(
            lambda kit: kit.change(f"{kit.package}/bridges/given/page.py", "1", "2"),
            (True, True),
            id="what-the-lab-gives",
        ),
        pytest.param(
            lambda kit: kit.change(
                "content/07.6-bridges/lesson.md", "minutes", 'packs = ["etcd"]\nminutes'
            ),
            (True, True),
            id="packs",
        ),
        pytest.param(
            lambda kit: kit.change("content/07.6-bridges/lesson.md", "About", "All about"),
            (False, False),
            id="the-introduction",
        ),
    ],
)
def test_what_makes_another_edition(
    kit: Kit, change: Callable[[Kit], None], others: tuple[bool, bool]
) -> None:
    before = editions(kit)
    change(kit)
    after = editions(kit)
    assert (before[0] != after[0], before[1] != after[1]) == others


def test_the_words_that_a_step_uses_are_part_of_it(
    kit: Kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    lesson = kit.lesson()
    words = used.words(used.modules(lesson, "one"))
    name = "lab_engine.families.docker.probes.engine.DockerNetworkProbe"
    assert words[name].startswith("@dataclass") or "class DockerNetworkProbe" in words[name]
    assert "lab_engine.common.evidence.require" in words
    assert not any(word.endswith(".FileProbe") for word in words)
    before = editions(kit)
    other = {name: words[name] + "    more: int = 0\n"}
    plain = used.words
    monkeypatch.setattr(
        used, "words", lambda modules: plain(modules) | (other if name in plain(modules) else {})
    )
    after = editions(kit)
    assert (before[0] != after[0], before[1] != after[1]) == (True, False)


def test_a_lab_that_is_written_while_it_is_proven_is_told(kit: Kit) -> None:
    lesson = kit.lesson()
    edition.of_step(lesson, lesson.step("one"))
    kit.change(f"{kit.package}/bridges/one.py", "import DockerNetworkProbe", "import FileProbe")
    with pytest.raises(ContentError, match="imports FileProbe now"):
        edition.of_step(lesson, lesson.step("one"))


def test_every_step_of_the_course_is_found_in_its_own_modules() -> None:
    """A lab whose steps cannot be told apart proves all of them again for one."""
    for lesson in COURSE.lessons:
        its = [{m.__name__ for m in used.modules(lesson, step)} for step in lesson.lab.steps]
        whole = set().union(*its)
        # One step may use what all the others do, and more.
        assert len(its) == 1 or sum(one == whole for one in its) <= 1, lesson.slug


def turns(kit: Kit, **given: object) -> list[tuple[str, list[str] | None]]:
    wanted: dict[str, object] = {
        "lessons": [],
        "step": None,
        "seed": None,
        "jobs": 1,
        "repeat": 1,
        "case": "",
        "changed": True,
    }
    args = argparse.Namespace(**(wanted | given))
    return [(seed, steps) for _, seed, steps in _turns(kit.load(), args)]


def record(kit: Kit, seed: str, *whole: str) -> None:
    lesson = kit.lesson()
    seen = [StepChanges("one", ("docker-network",)), StepChanges("two", ("docker-network",))]
    proven.record(lesson, seen, proven.editions(lesson), seed, whole, content=kit.content)


def test_what_three_seeds_have_not_proven_is_left_to_do(kit: Kit) -> None:
    assert turns(kit) == [(seed, ["one", "two"]) for seed in SEEDS]
    record(kit, "proof", "one", "two")
    record(kit, "3", "two")
    assert turns(kit) == [("3", ["one"]), ("7", ["one", "two"])]
    assert turns(kit, step=["two"]) == [("7", ["two"])]
    # A walk proves no near miss, and takes nothing back either.
    record(kit, "")
    assert turns(kit, seed=["proof"]) == []
    kit.change("content/07.6-bridges/10-one.md", "Why", "Now why")
    assert turns(kit) == [("proof", ["one"]), ("3", ["one"]), ("7", ["one", "two"])]
    assert turns(kit, changed=False) == [("proof", None)]


def test_a_new_edition_forgets_the_seeds_of_the_old_one(kit: Kit) -> None:
    record(kit, "proof", "one", "two")
    kit.change("content/07.6-bridges/10-one.md", "Why", "Now why")
    record(kit, "3", "one")
    notes = proven.load(kit.content).notes["bridges"]
    assert (notes["one"].seeds, notes["two"].seeds) == (("3",), ("proof",))
