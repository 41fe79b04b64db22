"""The files of a new lesson: they load, and the linter says what is not written yet."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from lab_engine.course.lesson import Course
from lab_engine.errors import UsageError

NOT_WRITTEN: Final = "Not written yet"
"""What stands where an author has to write; `infralab lint` finds it."""

_SLUG = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*\Z")

_LESSON = """\
+++
slug = "{slug}"
title = "{title}"
chapter = "{chapter}"
syllabus = ["{id}"]
minutes = 10
+++
{nothing}: why a learner should care, and what they will be able to do.
"""
_STEP = """\
+++
title = "First step"
syllabus = ["{id}"]
minutes = 10
+++
{nothing}: why first, then how. The source says: {heading}.

:::: task make
{nothing}: what to do, with every name that the check wants, such as `@{{name}}`.
::: hint
{nothing}: a nudge.
:::
::: hint
{nothing}: more.
:::
::: hint
{nothing}: the answer.
:::
::::
"""
_LAB = '''\
"""{title}: {nothing}."""

from __future__ import annotations

from lab_engine.authoring import Lab, See, Seed, Variables, require


class Values(Variables, frozen=True):
    """What differs from learner to learner."""

    name: str = ""

    @classmethod
    def draw(cls, seed: Seed) -> Values:
        return cls(name=f"web{{seed.number('name', 10, 99)}}")


lab = Lab("{slug}", Values)
step = lab.step("first")


@step.check("make")
async def make(see: See, v: Values) -> None:
    require(False, "not-written", expected=v.name, observed="{nothing}: what is there instead")
'''


def scaffold(course: Course, slug: str, identifier: str, title: str = "") -> tuple[Path, ...]:
    """Write a new lesson's files beside the others, and return them.

    Raises:
        UsageError: the slug or the id cannot be used, the files are there, or this is no checkout.
    """
    root = course.content.parent
    if not (root / "pyproject.toml").is_file() or course.content.name != "content":
        raise UsageError(
            f"{course.content} belongs to an installed kit, not to a checkout",
            hint="Clone the project and run it there: lessons live in content/ and labs/.",
        )
    if not _SLUG.match(slug):
        raise UsageError(
            f"{slug!r} is not a slug", hint="Lower-case letters and digits, with dashes between."
        )
    entry = course.syllabus.get(identifier)
    if entry is None:
        raise UsageError(
            f"the syllabus has no part {identifier!r}", hint="`infralab syllabus` lists them."
        )
    for lesson in course.lessons:
        if slug == lesson.slug or identifier == lesson.number:
            raise UsageError(
                f"the lesson {lesson.number} {lesson.slug} is there already",
                hint="Take another slug, or the id that your lesson begins with.",
            )
    words = {
        "slug": slug,
        "title": title or slug.replace("-", " ").capitalize(),
        "chapter": identifier.partition(".")[0],
        "id": identifier,
        "heading": entry.heading,
        "nothing": NOT_WRITTEN,
    }
    folder = course.content / f"{identifier}-{slug}"
    files = {
        folder / "lesson.md": _LESSON,
        folder / "10-first.md": _STEP,
        root / "labs" / slug.replace("-", "_") / "__init__.py": _LAB,
    }
    # All are looked at before one is written: nothing of the author's is lost, and nothing stays
    # half-made.
    for path in files:
        if path.exists():
            raise UsageError(f"{path} is there already", hint="Remove it, or take another slug.")
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.format(**words), encoding="utf-8")
    return tuple(files)
