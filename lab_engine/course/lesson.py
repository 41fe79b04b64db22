"""The course: lessons and steps, from `content/` (text) and `labs/` (resources, checks, proofs).

Listing reads front matter only. A step's text is parsed when it is shown, a lesson's lab imported
when a step of it begins; nothing here imports Docker, libvirt or netlink.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from lab_engine.course import find, syllabus
from lab_engine.course.text import front
from lab_engine.errors import ContentError, UsageError

if TYPE_CHECKING:
    from lab_engine.course.lab import Lab, LabStep, Variables
    from lab_engine.course.seed import Seed
    from lab_engine.course.text.model import Document

# A letter tells a second lesson of the same part of the syllabus from the first.
FOLDER = re.compile(r"(?P<number>\d\d(?:\.\d+)?[b-z]?)-(?P<slug>[a-z0-9]+(?:-[a-z0-9]+)*)\Z")
STEP_FILE = re.compile(r"(?P<number>\d\d)-(?P<name>[a-z0-9]+(?:-[a-z0-9]+)*)\.md\Z")


# Strict by itself: `front.convert` looks at the keys of the top level, and these are below it.
class _ChapterFront(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    number: str
    title: str


class _CourseFront(msgspec.Struct, frozen=True):
    title: str
    chapters: tuple[_ChapterFront, ...]


class _LessonFront(msgspec.Struct, frozen=True):
    slug: str
    title: str
    chapter: str
    syllabus: tuple[str, ...]
    minutes: int
    needs: tuple[str, ...] = ()
    packs: tuple[str, ...] = ()


class _StepFront(msgspec.Struct, frozen=True):
    title: str
    syllabus: tuple[str, ...]
    minutes: int
    instead: str = ""
    find_out: tuple[str, ...] = ()
    needs_kernel: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Task:
    """What is known of a task without a seed. `number` counts from 1; `hints` is how many."""

    id: str
    number: int
    points: int
    hints: int


# Without slots, here and below: cached_property keeps its value in __dict__ (functools).
@dataclass(frozen=True)
class Step:
    """One screen of text with its tasks.

    Args:
        lesson: the lesson's slug.
        name: the file's name without number and suffix; the lab's step has the same.
        number: its place in the lesson, from 1.
        syllabus: ids of the source's parts that it covers.
        instead: what stands in for the system that the source names; empty when it is the real one.
        find_out: commands with which the learner is to look up what a task needs.
        needs_kernel: features that the bench's kernel must have, words of
            `lab_engine.common.features`.
        source: the Markdown file; `where` is its name in messages.
    """

    lesson: str
    name: str
    number: int
    title: str
    syllabus: tuple[str, ...]
    minutes: int
    instead: str
    find_out: tuple[str, ...]
    needs_kernel: tuple[str, ...]
    source: Path
    where: str
    _labs: str = field(repr=False, compare=False, default="labs")

    @cached_property
    def lab_step(self) -> LabStep | None:
        """The Python half; None for a step of text and questions alone."""
        return find.load_lab(self.lesson, self._labs).steps.get(self.name)

    def document(self, variables: Variables) -> Document:
        """The text with the learner's values. Raises ContentError."""
        return _document(self.source, self.where, variables)

    @cached_property
    def tasks(self) -> tuple[Task, ...]:
        """The tasks in the text's order, with the points of their checks."""
        checks = {c.task: c for c in self.lab_step.checks} if self.lab_step else {}
        return tuple(
            Task(
                block.id, n, checks[block.id].points if block.id in checks else 0, len(block.hints)
            )
            for n, block in enumerate(self._sample.tasks, 1)
        )

    @cached_property
    def question_ids(self) -> tuple[str, ...]:
        return tuple(block.question.id for block in self._sample.questions)

    @property
    def points(self) -> int:
        return sum(task.points for task in self.tasks)

    @cached_property
    def _sample(self) -> Document:
        """The text with some learner's values: ids and numbers are the same for everybody."""
        from lab_engine.course.seed import Seed

        return self.document(find.draw(find.load_lab(self.lesson, self._labs), Seed("sample")))


@dataclass(frozen=True)
class Lesson:
    """A lesson. `needs` are the slugs of the lessons to do before, `packs` what its bench has."""

    slug: str
    number: str
    title: str
    chapter: str
    syllabus: tuple[str, ...]
    minutes: int
    needs: tuple[str, ...]
    packs: tuple[str, ...]
    folder: Path
    where: str
    _labs: str = field(repr=False, compare=False, default="labs")

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """The steps in order. Raises ContentError for a step file that cannot be used."""
        return tuple(_steps(self))

    def step(self, name: str) -> Step:
        """The step of that name or number. Raises UsageError."""
        for step in self.steps:
            if name in (step.name, str(step.number)):
                return step
        names = [step.name for step in self.steps]
        near = difflib.get_close_matches(name, names, n=1)
        raise UsageError(
            f"lesson {self.slug} has no step {name!r}",
            hint=f"Did you mean {near[0]}?" if near else f"It has: {', '.join(names)}.",
        )

    @property
    def labs(self) -> str:
        """The Python package that holds the labs of its course."""
        return self._labs

    @property
    def lab(self) -> Lab[Any]:
        """The lesson's lab. Raises ContentError when it is missing or cannot be imported."""
        return find.load_lab(self.slug, self._labs)

    @property
    def lab_folder(self) -> Path:
        """The folder of the lab's package. Raises ContentError as `lab` does."""
        return find.lab_folder(self.slug, self._labs)

    def variables(self, seed: Seed) -> Variables:
        """One learner's values. Raises ContentError when the lab cannot draw them."""
        return find.draw(self.lab, seed)

    def introduction(self, variables: Variables) -> Document:
        """The text of `lesson.md`."""
        return _document(self.folder / "lesson.md", self.where, variables)


@dataclass(frozen=True, slots=True)
class Chapter:
    number: str
    title: str
    lessons: tuple[Lesson, ...]


@dataclass(frozen=True)
class Course:
    """All of it, in the source's order."""

    title: str
    chapters: tuple[Chapter, ...]
    content: Path

    @cached_property
    def lessons(self) -> tuple[Lesson, ...]:
        return tuple(lesson for chapter in self.chapters for lesson in chapter.lessons)

    @cached_property
    def syllabus(self) -> Mapping[str, syllabus.Entry]:
        return syllabus.load(self.content / "syllabus.tsv", where="content/syllabus.tsv")

    @cached_property
    def asking_the_kernel(self) -> tuple[Step, ...]:
        """The steps that need features of the kernel under their bench."""
        return tuple(step for one in self.lessons for step in one.steps if step.needs_kernel)

    def lesson(self, name: str) -> Lesson:
        """The lesson of that slug or number. Raises UsageError."""
        for lesson in self.lessons:
            if name in (lesson.slug, lesson.number):
                return lesson
        slugs = [lesson.slug for lesson in self.lessons]
        near = difflib.get_close_matches(name, slugs, n=1)
        raise UsageError(
            f"there is no lesson {name!r}",
            hint=f"Did you mean {near[0]}?" if near else "`infralab lessons` lists them.",
        )


def load_course(content: Path | None = None, *, labs: str = "labs") -> Course:
    """Read the course's front matter.

    Args:
        content: the folder of the texts; that of the kit when left out.
        labs: the Python package that holds the labs.

    Raises:
        ContentError: names the file and the key that is wrong.
    """
    content = content or find.content_root()
    where = "content/course.toml"
    table = front.table(front.read(content / "course.toml", where=where), where=where)
    course = front.convert(table, _CourseFront, where=where)
    _once([c.number for c in course.chapters], "the chapter number", where)
    folders = sorted(p for p in content.iterdir() if (p / "lesson.md").is_file())
    lessons = sorted((_lesson(p, labs) for p in folders), key=lambda one: _place(one.number))
    _once([one.slug for one in lessons], "the slug", "content")
    _once([one.number for one in lessons], "the lesson number", "content")
    known = {c.number for c in course.chapters}
    for lesson in lessons:
        if lesson.chapter not in known:
            raise ContentError(
                f"chapter = {lesson.chapter!r} is not in course.toml", where=lesson.where
            )
    chapters = tuple(
        Chapter(c.number, c.title, tuple(one for one in lessons if one.chapter == c.number))
        for c in course.chapters
    )
    made = Course(course.title, chapters, content)
    for lesson in lessons:
        _known_ids(lesson.syllabus, made.syllabus, lesson.where)
    return made


def _lesson(folder: Path, labs: str) -> Lesson:
    where = f"content/{folder.name}/lesson.md"
    match = FOLDER.match(folder.name)
    if match is None:
        raise ContentError(
            "the folder's name is not NN.N-slug",
            where=f"content/{folder.name}",
            hint="Such as 07.6-docker-networking.",
        )
    meta = front.convert(
        front.read_front(folder / "lesson.md", where=where), _LessonFront, where=where
    )
    if meta.slug != match["slug"]:
        raise ContentError(
            f"slug = {meta.slug!r}, but the folder says {match['slug']!r}", where=where
        )
    if not match["number"].startswith(meta.chapter):
        raise ContentError(
            f"chapter = {meta.chapter!r}, but the folder begins with {match['number']}", where=where
        )
    if meta.minutes < 1:
        raise ContentError(f"minutes = {meta.minutes}, which is no time at all", where=where)
    if not meta.syllabus:
        raise ContentError("syllabus is empty", where=where)
    return Lesson(
        meta.slug,
        match["number"],
        meta.title,
        meta.chapter,
        meta.syllabus,
        meta.minutes,
        meta.needs,
        meta.packs,
        folder,
        where,
        labs,
    )


def _steps(lesson: Lesson) -> list[Step]:
    steps: list[Step] = []
    for path in sorted(lesson.folder.glob("*.md")):
        if path.name == "lesson.md":
            continue
        where = f"content/{lesson.folder.name}/{path.name}"
        match = STEP_FILE.match(path.name)
        if match is None:
            raise ContentError(
                "the file's name is not NN-name.md", where=where, hint="Such as 30-my-bridge.md."
            )
        meta = front.convert(front.read_front(path, where=where), _StepFront, where=where)
        if meta.minutes < 1:
            raise ContentError(f"minutes = {meta.minutes}, which is no time at all", where=where)
        for identifier in meta.syllabus:
            if identifier not in lesson.syllabus:
                raise ContentError(
                    f"syllabus = {identifier!r}, which lesson.md does not list", where=where
                )
        number = len(steps) + 1
        steps.append(
            Step(
                lesson.slug,
                match["name"],
                number,
                meta.title,
                meta.syllabus,
                meta.minutes,
                meta.instead,
                meta.find_out,
                meta.needs_kernel,
                path,
                where,
                lesson._labs,
            )
        )
    _once([step.name for step in steps], "the step name", f"content/{lesson.folder.name}")
    if not steps:
        raise ContentError("has no steps", where=f"content/{lesson.folder.name}")
    return steps


def _document(path: Path, where: str, variables: Variables) -> Document:
    parts = front.split(front.read(path, where=where), where=where)
    return _parsed(parts.body, tuple(variables.as_text().items()), where, parts.first_line)


# A step is read again each time that it is entered or looked at, and by each rule of the linter.
@lru_cache(maxsize=1024)
def _parsed(
    body: str, variables: tuple[tuple[str, str], ...], where: str, first_line: int
) -> Document:
    # Only who reads a text waits for the parser to be imported, not who lists lessons.
    from lab_engine.course.text.parse import parse

    return parse(body, dict(variables), where=where, first_line=first_line)


def _place(number: str) -> tuple[tuple[int, ...], str]:
    """`07.10b` as ((7, 10), "b"), so that it comes after `07.10`, and that after `07.9`."""
    part = part_of(number)
    return syllabus.order(part), number.removeprefix(part)


def part_of(number: str) -> str:
    """The part of the syllabus that a lesson's number begins with: `02.3` of `02.3b`."""
    return number.rstrip("bcdefghijklmnopqrstuvwxyz")


def _once(values: list[str], what: str, where: str) -> None:
    for value in values:
        if values.count(value) > 1:
            raise ContentError(f"{what} {value!r} is used twice", where=where)


def _known_ids(
    identifiers: tuple[str, ...], entries: Mapping[str, syllabus.Entry], where: str
) -> None:
    for identifier in identifiers:
        if identifier not in entries:
            near = difflib.get_close_matches(identifier, entries, n=1, cutoff=0.5)
            raise ContentError(
                f"syllabus = {identifier!r}, which content/syllabus.tsv does not have",
                where=where,
                hint=f"Did you mean {near[0]!r}?" if near else "",
            )
