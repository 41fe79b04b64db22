"""What the course's screen says of a lesson, step or chapter, and what a search finds it by."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content

from lab_engine.common.features import in_short
from lab_engine.tui.times import duration

if TYPE_CHECKING:
    from lab_engine.bench.features import Kernel
    from lab_engine.course.lesson import Chapter, Lesson, Step
    from lab_engine.tui.overview import LessonState, Overview


def of_lesson(lesson: Lesson, overview: Overview, kernel: Kernel | None) -> Content:
    """Its steps, what it needs, how far the learner is."""
    state = overview.states[lesson.slug]
    left = duration(overview.minutes_left(lesson))
    parts: list[str | tuple[str, str]] = [
        (f"{lesson.title}\n", "bold $text-accent"),
        f"{len(lesson.steps)} steps, {state.done} done, about {left} left\n",
    ]
    for slug in lesson.needs:
        need = overview.course.lesson(slug)
        done = overview.states[slug].whole
        parts += [(f"{'✔' if done else '○'} needs {need.title}\n", "dim")]
    parts.append("\n")
    for step, done in zip(lesson.steps, state.steps, strict=False):
        here = " ◂ you are here" if state.session and state.session.step == step.name else ""
        style = "$text-success" if done else ""
        parts += [
            (f"{'✔' if done else '○'} {step.number}. {step.title}", style),
            (f"  {step.minutes} min{here}\n", "dim"),
        ]
        if step.needs_kernel:
            parts.append((f"    {_of_kernel(step, kernel)}\n", "$text-warning"))
    verb = "goes on" if state.session else "begins"
    parts += ["\n", ("Enter", "bold"), f" {verb}."]
    if state.session:
        parts += [("  n", "bold"), " begins anew, on a fresh bench."]
    return Content.assemble(*parts)


def of_step(step: Step, overview: Overview, kernel: Kernel | None) -> Content:
    """What it covers, and what of the kernel it needs."""
    covers = overview.course.syllabus
    parts: list[str | tuple[str, str]] = [
        (f"{step.number}. {step.title}\n", "bold $text-accent"),
        f"about {step.minutes} minutes\n\n",
    ]
    for identifier in step.syllabus:
        entry = covers.get(identifier)
        parts.append((f"{identifier} {getattr(entry, 'title', '')}\n", "dim"))
    if step.needs_kernel:
        parts += ["\n", (f"{_of_kernel(step, kernel)}\n", "$text-warning")]
    parts += ["\n", ("Enter", "bold"), " opens the lesson at this step."]
    return Content.assemble(*parts)


def _of_kernel(step: Step, kernel: Kernel | None) -> str:
    names = step.needs_kernel
    return in_short(names, None if kernel is None else kernel.lacks(names))


def of_chapter(chapter: Chapter) -> Content:
    """Its lessons."""
    parts: list[str | tuple[str, str]] = [
        (f"{chapter.number} {chapter.title}\n\n", "bold $text-accent")
    ]
    if not chapter.lessons:
        parts.append("The lessons of this chapter are not written yet.")
    parts += [f"{one.number}  {one.title}, {duration(one.minutes)}\n" for one in chapter.lessons]
    return Content.assemble(*parts)


def label(lesson: Lesson, state: LessonState) -> Content:
    """Its line in the tree."""
    sign = "✔" if state.whole else "◐" if state.begun else "○"
    return Content.assemble(f"{sign} {lesson.title}", (f"  {duration(lesson.minutes)}", "dim"))


def is_called(lesson: Lesson, words: list[str]) -> bool:
    """Whether all words are in its name. `words` are casefolded."""
    name = f"{lesson.slug} {lesson.title}".casefold()
    return all(word in name for word in words)


def matches(lesson: Lesson, chapter: Chapter, words: list[str]) -> bool:
    """Whether all words are in the titles of it, its steps and its chapter."""
    texts = [lesson.title, lesson.slug, lesson.number, chapter.title]
    texts += [step.title for step in lesson.steps]
    whole = " ".join(texts).casefold()
    return all(word in whole for word in words)
