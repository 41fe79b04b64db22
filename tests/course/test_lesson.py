"""Loading the course: what is read when, and each bad input with its words."""

from __future__ import annotations

import subprocess
import sys
import time
from textwrap import dedent

import pytest

from lab_engine.common.resource import Need, Resource
from lab_engine.course.faults import course_faults, faults, resource_faults, verify
from lab_engine.course.lesson import Course
from lab_engine.course.lint.run import lint, lint_course
from lab_engine.course.scaffold import scaffold
from lab_engine.course.seed import Seed
from lab_engine.errors import ContentError, UsageError
from lab_engine.families.docker.resources import Container, DockerNetwork, Image
from tests.kit import LESSON, STEP, Kit


class TestGood:
    def test_course(self, kit: Kit) -> None:
        course = kit.load()
        assert [c.number for c in course.chapters] == ["06", "07"]
        lesson = course.lesson("07.6")
        assert lesson is course.lesson("bridges")
        (step,) = lesson.steps
        assert (step.name, step.number, step.points) == ("one", 1, 2)
        assert [(t.id, t.number, t.points, t.hints) for t in step.tasks] == [("create", 1, 2, 3)]
        variables = lesson.variables(Seed("a"))
        name = variables.as_text()["bridge"]
        assert name in str(step.document(variables).blocks)
        assert name in str(lesson.introduction(variables).blocks)

    def test_is_whole_and_lints_clean(self, kit: Kit) -> None:
        verify(kit.lesson(), Seed("a"))
        assert kit.rules() == []

    def test_another_seed_has_another_text(self, kit: Kit) -> None:
        lesson = kit.lesson()
        texts = {
            str(lesson.steps[0].document(lesson.variables(Seed(str(n)))).blocks) for n in range(9)
        }
        assert len(texts) > 1

    def test_unknown_names_are_suggested(self, kit: Kit) -> None:
        with pytest.raises(UsageError) as caught:
            kit.load().lesson("bridge")
        assert "bridges" in caught.value.hint
        with pytest.raises(UsageError) as caught:
            kit.lesson().step("two")
        assert "one" in caught.value.hint

    def test_a_step_of_text_alone(self, kit: Kit) -> None:
        kit.write(
            "content/07.6-bridges/20-two.md",
            '+++\ntitle = "T"\nsyllabus = []\nminutes = 1\n+++\nHi.\n',
        )
        two = kit.lesson().step("2")
        assert two.lab_step is None
        assert two.tasks == ()

    def test_listing_imports_no_lab_and_no_daemon(self, kit: Kit) -> None:
        code = dedent(f"""
            import sys
            sys.path.insert(0, {str(kit.root)!r})
            from pathlib import Path
            from lab_engine.course.lesson import load_course
            course = load_course(Path({str(kit.content)!r}), labs={kit.package!r})
            assert course.lessons[0].steps[0].title == "One"
            heavy = {{"docker", "libvirt", "pyroute2", "markdown_it", "textual", {kit.package!r}}}
            assert not heavy & set(sys.modules), heavy & set(sys.modules)
            course.lessons[0].steps[0].tasks
            assert not {{"docker", "libvirt", "pyroute2", "textual"}} & set(sys.modules)
        """)
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr

    def test_listing_a_hundred_lessons_is_quick(self, kit: Kit) -> None:
        for n in range(100):
            text = LESSON.replace('"bridges"', f'"b{n}"')
            kit.write(f"content/07.{n + 10}-b{n}/lesson.md", text)
        began = time.process_time()
        assert len(kit.load().lessons) == 101
        assert time.process_time() - began < 0.25


class TestBadFrontMatter:
    @pytest.mark.parametrize(
        ("path", "old", "new", "where", "words"),
        [
            ("content/course.toml", "title =", "titel =", "content/course.toml", "titel"),
            ("content/course.toml", '"07"', '"06"', "content/course.toml", "used twice"),
            ("content/syllabus.tsv", "06.1\t", "07.6\t", "content/syllabus.tsv:3", "twice"),
            ("content/syllabus.tsv", "\tDocker", "", "content/syllabus.tsv:3", "3 columns"),
            ("lesson.md", "minutes = 5", "minutes = 0", "lesson.md", "no time"),
            ("lesson.md", "minutes = 5", 'minutes = "5"', "lesson.md", "minutes"),
            ("lesson.md", "minutes = 5", "minutes = 5\nlevel = 2", "lesson.md", "level"),
            ("lesson.md", 'slug = "bridges"', 'slug = "bridge"', "lesson.md", "folder says"),
            ("lesson.md", '"07"', '"06"', "lesson.md", "begins with 07.6"),
            ("lesson.md", '"07.7"', '"07.70"', "lesson.md", "07.70"),
            ("lesson.md", "+++\nAbout", "About", "lesson.md:1", "no closing"),
            ("lesson.md", '["07.6", "07.7"]', "[]", "lesson.md", "syllabus is empty"),
        ],
    )
    def test_names_file_and_key(
        self, kit: Kit, path: str, old: str, new: str, where: str, words: str
    ) -> None:
        folder = "content/07.6-bridges/"
        kit.change(path if "/" in path else folder + path, old, new)
        with pytest.raises(ContentError) as caught:
            assert kit.load().syllabus
        assert caught.value.where == (where if "/" in where else folder + where)
        assert words in caught.value.message

    @pytest.mark.parametrize(
        ("old", "new", "words"),
        [
            ("minutes = 5", "minutes = 0", "no time"),
            ('title = "One"', "", "`title` is missing"),
            ('"07.7"', '"06.1"', "lesson.md does not list"),
            ("minutes = 5", "minute = 5", "unknown key `minute`"),
        ],
    )
    def test_of_a_step(self, kit: Kit, old: str, new: str, words: str) -> None:
        kit.change("content/07.6-bridges/10-one.md", old, new)
        with pytest.raises(ContentError) as caught:
            assert kit.lesson().steps
        assert caught.value.where == "content/07.6-bridges/10-one.md"
        assert words in caught.value.message

    def test_names_of_files(self, kit: Kit) -> None:
        kit.write("content/07.6-bridges/one.md", STEP)
        assert "NN-name.md" in kit.fault().message
        kit.write("content/bridges/lesson.md", LESSON)
        with pytest.raises(ContentError, match=r"NN\.N-slug"):
            kit.load()

    def test_two_steps_of_one_name(self, kit: Kit) -> None:
        kit.write("content/07.6-bridges/20-one.md", STEP)
        assert "used twice" in kit.fault().message

    def test_two_lessons_of_one_number(self, kit: Kit) -> None:
        kit.write("content/07.6-other/lesson.md", LESSON.replace('"bridges"', '"other"'))
        with pytest.raises(ContentError, match=r"'07.6' is used twice"):
            kit.load()

    def test_a_second_lesson_of_one_part(self, kit: Kit) -> None:
        for number, slug in (("07.6b", "other"), ("07.10", "last")):
            front = LESSON.replace('"bridges"', f'"{slug}"')
            kit.write(f"content/{number}-{slug}/lesson.md", front)
            kit.write(f"content/{number}-{slug}/10-one.md", STEP)
        found = [one.number for one in kit.load().lessons]
        assert found == ["07.6", "07.6b", "07.10"]

    def test_needs_a_later_lesson_and_one_that_is_not_there(self, kit: Kit) -> None:
        kit.write("content/07.7-other/lesson.md", LESSON.replace('"bridges"', '"other"'))
        path = "content/07.6-bridges/lesson.md"
        kit.change(path, "minutes", 'needs = ["other", "x"]\nminutes')
        found = list(course_faults(kit.load()))
        assert [fault.where for fault in found] == [path, path]
        assert "'other', a lesson that comes later" in found[0].message
        assert "'x', a lesson that does not exist" in found[1].message
        assert {f.rule for f in lint_course(kit.load()) if "needs" in f.message} == {"fault"}
        course = kit.load()
        named = lint_course(course, [course.lesson("bridges")])
        assert "fault" in {f.rule for f in named if "needs" in f.message}

    def test_no_steps(self, kit: Kit) -> None:
        (kit.folder / "10-one.md").unlink()
        assert "no steps" in kit.fault().message


class TestBadLab:
    @pytest.mark.parametrize(
        ("old", "new", "words"),
        [
            ("lab = Lab(", "lap = Lab(", "NameError"),
            ('Lab("bridges"', 'Lab("bridge"', "'bridge', not 'bridges'"),
            ("from lab_engine.authoring", "from lab_engine.lap", "lab_engine.lap"),
            ('lab.step("one"', 'lab.step("first"', "'first' has no text"),
            ('daemons=("docker",)', 'continues="zero"', "'zero', which is no step"),
            ('daemons=("docker",)', 'continues="one"', "which is not earlier"),
            ('@step.check("create"', '@step.check("make"', "'create' has no check"),
            ("points=2", 'points=2, needs=["x"]', "needs 'x', no task"),
            ("points=2", 'points=2, needs=["create"]', "circle"),
            ('rejected_by="create"', 'rejected_by="x"', "rejected by 'x'"),
            ('near_miss("b"', 'near_miss("a"', "called 'a'"),
            ('[f"docker network create {v.bridge}"]', "v.bridg", "solution 'plain' broke"),
            ('[f"docker network create {v.bridge}"]', '"ls"', "not a list of commands"),
            ('[Image("busybox")]', '[Image("Busy Box")]', "field name"),
            ('[Image("busybox")]', '[Image("a"), Image("a")]', "two resources"),
            ('[Image("busybox")]', "[v.x]", "resources broke"),
            ("seed.number(", "seed.numbr(", "Variables.draw broke"),
            ("bridge: str", "bridg: str", "draw broke"),
        ],
    )
    def test_is_refused(self, kit: Kit, old: str, new: str, words: str) -> None:
        kit.change_lab(old, new)
        error = kit.fault()
        assert words in error.message
        assert "bridges" in error.where

    def test_missing(self, kit: Kit) -> None:
        (kit.labs / "bridges" / "__init__.py").unlink()
        (kit.labs / "bridges").rmdir()
        assert "no such lab" in kit.fault().message

    @pytest.mark.parametrize(
        ("old", "new", "words"),
        [
            ("::: hint\nc\n:::\n", "", "2 hints, not 3"),
            (":::: task create", ":::: task make", "'make' has no check"),
            ("@{bridge}", "@{brigde}", "@{brigde}"),
        ],
    )
    def test_text_that_does_not_fit(self, kit: Kit, old: str, new: str, words: str) -> None:
        kit.change("content/07.6-bridges/10-one.md", old, new)
        assert words in kit.fault().message

    def test_a_check_without_a_task(self, kit: Kit) -> None:
        text = (kit.folder / "10-one.md").read_text()
        (kit.folder / "10-one.md").write_text(text[: text.index("::::")])
        assert "no such task" in kit.fault().message

    def test_a_question_that_asks_what_the_lab_does_not_read(self, kit: Kit) -> None:
        text = (kit.folder / "10-one.md").read_text()
        asked = "\n::: question q kind=text answer_from=x\nWhich?\n- [ ] * | no\n:::\n"
        (kit.folder / "10-one.md").write_text(text + asked)
        assert "answer_from=x" in kit.fault().message

    def test_every_fault_is_told(self, kit: Kit) -> None:
        kit.change_lab('near_miss("b"', 'near_miss("a"')
        kit.change("content/07.6-bridges/10-one.md", "::: hint\nc\n:::\n", "")
        assert len(list(faults(kit.lesson(), Seed("a")))) == 2


class _Odd(Resource, frozen=True, tag="odd"):
    other: str = ""

    def needs(self) -> tuple[Need, ...]:
        return (Need(self.other),) if self.other else ()


class TestResources:
    def test_good(self) -> None:
        good = [Image("busybox"), Container(name="web", image="busybox")]
        assert list(resource_faults(good, "labs/x")) == []

    @pytest.mark.parametrize(
        ("resources", "words"),
        [
            ([_Odd("a")], "no resource kind 'odd'"),
            ([Image("a"), Image("a")], "two resources"),
            ([Container(name="web", image="busybox")], "refers to image/busybox"),
            (
                [
                    DockerNetwork(name="n1", subnet="10.1.0.0/16"),
                    DockerNetwork(name="n2", subnet="10.1.5.0/24"),
                ],
                "10.1.",
            ),
        ],
    )
    def test_refused(self, resources: list[Resource], words: str) -> None:
        first = next(resource_faults(resources, "labs/x, step y"))
        assert words in first.message
        assert first.where == "labs/x, step y"

    def test_circle(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules["lab_engine.course.faults"].KINDS, "odd", _Odd)
        (fault,) = resource_faults([_Odd("a", "odd/b"), _Odd("b", "odd/a")], "labs/x")
        assert "circle" in fault.message


class TestLint:
    @pytest.mark.parametrize(
        ("old", "new", "rule"),
        [
            ('step.near_miss("b"', '0 and step.near_miss("b"', "near-misses"),
            ("step.solution(", "0 and step.solution(", "no-solution"),
            ('reason="driver"', 'reason="drivers"', "reason"),
            ('reason="driver", explain="x"', 'reason="absent", explain="y"', "explain"),
            ("points=2", "points=2, gone=True", "baseline"),
            (
                '{v.bridge}"])',
                '{v.bridge}"], survives={3: "x"})',
                "survives",
            ),
            ('{v.bridge}"])', '{v.bridge}"], explained={0: ["x"]})', "explained"),
            ('{v.bridge}"])', '{v.bridge}"], explained={1: ["absent"]})', "explained"),
            ('reason="absent"', 'also=["y"], reason="absent"', "explained"),
            ('bridge: str = ""', 'bridge: str = ""\n    other: str = ""', "unused-variable"),
        ],
    )
    def test_lab(self, kit: Kit, old: str, new: str, rule: str) -> None:
        kit.change_lab(old, new)
        assert [(r, level) for r, level, _ in kit.rules()] == [(rule, "error")]

    @pytest.mark.parametrize(
        ("old", "new", "rule", "level"),
        [
            ("```sh\n", "```sh show\n", "not-run", "error"),
            ("```sh\n", "```sh console\n", "not-run", "advice"),
            ("```sh\n", "```bash\n", "commands", "error"),
            ("```sh\ndocker", "```output\n$ docker", "commands", "error"),
            ("```sh\ndocker", "```sh\n$ docker", "prompt", "error"),
            ("Why it is so.", "Why?\n\n```output\nso\n```", "not-compared", "error"),
            ("Make `@{bridge}`", "Make it", "unstated", "advice"),
            ("minutes = 5", "minutes = 50", "minutes", "advice"),
        ],
    )
    def test_text(self, kit: Kit, old: str, new: str, rule: str, level: str) -> None:
        kit.change("content/07.6-bridges/10-one.md", old, new)
        if rule == "unstated":
            kit.change("content/07.6-bridges/lesson.md", "@{bridge}", "bridges")
        assert {(r, one) for r, one, _ in kit.rules()} == {(rule, level)}

    @pytest.mark.parametrize(
        "change",
        [
            ("```sh\n", '```sh show why="it needs another machine"\n'),
            ("docker network ls", "docker network create @{bridge}"),
        ],
    )
    def test_covered_commands(self, kit: Kit, change: tuple[str, str]) -> None:
        kit.change("content/07.6-bridges/10-one.md", *change)
        assert kit.rules() == []

    def test_order(self, kit: Kit) -> None:
        kit.change("content/07.6-bridges/lesson.md", '"07.6", "07.7"', '"07.7", "07.6"')
        assert {rule for rule, _, _ in kit.rules()} == {"order"}

    def test_steps_in_another_order(self, kit: Kit) -> None:
        kit.write(
            "content/07.6-bridges/05-zero.md",
            '+++\ntitle = "T"\nsyllabus = ["07.7"]\nminutes = 1\n+++\nHi.\n',
        )
        assert [rule for rule, _, _ in kit.rules()] == ["order"]

    def test_a_part_that_only_text_covers(self, kit: Kit) -> None:
        kit.change("content/07.6-bridges/10-one.md", ', "07.7"', "")
        assert [rule for rule, _, _ in kit.rules()] == ["not-covered"]

    def test_variable_that_only_the_text_uses(self, kit: Kit) -> None:
        kit.change_lab('bridge: str = ""', 'bridge: str = ""\n    other: str = "x"')
        kit.change("content/07.6-bridges/10-one.md", "Why", "Why @{other}")
        ((rule, _, message),) = kit.rules()
        assert rule == "unused-variable"
        assert "@{other}" in message

    def test_a_variable_read_through_a_property_is_used(self, kit: Kit) -> None:
        kit.change_lab(
            'bridge: str = ""',
            'bridge: str = ""\n    base: str = "x"\n\n'
            "    @property\n    def full(self) -> str:\n        return self.base",
        )
        kit.change_lab('lambda v: ["true"]', "lambda v: [v.full]")
        assert kit.rules() == []


class TestScaffold:
    def begin(self, kit: Kit, slug: str = "two-words", identifier: str = "06.1") -> Course:
        kit.write("pyproject.toml", "")
        (kit.root / "labs").symlink_to(kit.labs, target_is_directory=True)
        scaffold(kit.load(), slug, identifier)
        return kit.load()

    def test_loads_and_says_what_is_not_written(self, kit: Kit) -> None:
        lesson = self.begin(kit).lesson("two-words")
        assert (lesson.number, lesson.title) == ("06.1", "Two words")
        verify(lesson, Seed("a"))
        rules = {finding.rule for finding in lint([lesson]) if finding.level == "error"}
        assert rules == {"not-written", "near-misses", "no-solution"}

    @pytest.mark.parametrize(
        ("slug", "identifier", "words"),
        [
            ("Two", "06.1", "not a slug"),
            ("two", "06.9", "no part '06.9'"),
            ("bridges", "06.1", "already"),
            ("two", "07.6", "already"),
        ],
    )
    def test_refused(self, kit: Kit, slug: str, identifier: str, words: str) -> None:
        with pytest.raises(UsageError, match=words):
            self.begin(kit, slug, identifier)

    def test_not_in_an_installed_kit(self, kit: Kit) -> None:
        with pytest.raises(UsageError, match="installed kit"):
            scaffold(kit.load(), "two", "06.1")

    def test_overwrites_nothing(self, kit: Kit) -> None:
        kit.write(f"{kit.package}/two/__init__.py", "mine")
        with pytest.raises(UsageError, match="there already"):
            self.begin(kit, "two")
        assert not (kit.content / "06.1-two").exists()
