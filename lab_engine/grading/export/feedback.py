"""What a learner is told: what was expected, what was found, what to read again."""

from __future__ import annotations

import html
import re
from typing import Final

from markdown_it import MarkdownIt

from lab_engine.grading.export.junit import why
from lab_engine.grading.export.tables import number
from lab_engine.grading.gradebook.graded import LessonGrade, TaskGrade
from lab_engine.grading.gradebook.standing import Standing
from lab_engine.session import points
from lab_engine.shown import shown

_TICKS: Final = re.compile(r"`+")
_PAGE: Final = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<style>body{{font:16px/1.5 sans-serif;max-width:46em;margin:2em auto;padding:0 1em}}
code{{background:#eee;padding:0 .2em}}</style></head><body>
{body}</body></html>
"""
WORDS: Final = {
    "pass": "done", "given": "done by a solution", "fail": "not right", "error": "not checked",
    "not done": "not done", "not replayed": "not looked at",
}  # fmt: skip


def markdown(standing: Standing) -> str:
    """The feedback of one learner."""
    title = f"{_plain(standing.assignment)}: {_plain(standing.name or standing.learner)}"
    lines = [f"# {title}", "", _points(standing), ""]
    graded = standing.graded
    if graded and graded.late:
        lines += [f"It was {graded.late}.", ""]
    if standing.override:
        lines += [
            f"Set by {_plain(standing.override.author)}: {_plain(standing.override.text)}",
            "",
        ]
    lines += [line for text in standing.comments for line in (_plain(text), "")]
    for lesson in graded.lessons if graded else ():
        lines += _lesson(lesson)
    return "\n".join(lines).rstrip() + "\n"


def page(standing: Standing) -> str:
    """The same as an HTML page that loads nothing from anywhere."""
    body = MarkdownIt("commonmark", {"html": False}).render(markdown(standing))
    return _PAGE.format(title=html.escape(shown(standing.assignment)), body=body)


def _points(standing: Standing) -> str:
    if standing.earned is not None:
        return f"**{number(standing.earned)} of {number(standing.possible)} points.**"
    if standing.graded is None:
        return "**Nothing was handed in.**"
    return (
        "**No points yet: a person looks at it.** It counts neither for nor against you until then."
    )


def _lesson(lesson: LessonGrade) -> list[str]:
    lines = [f"## {_plain(lesson.title)}", ""]
    if not lesson.session:
        lines += ["Nothing was handed in for this lesson.", ""]
    elif lesson.outcome != "reproduced":
        lines += [f"Your session could not be done again as it was: {_code(lesson.message)}", ""]
    for task in lesson.tasks:
        lines += _task(task)
    again = dict.fromkeys(
        task.step for task in lesson.tasks if task.outcome in ("fail", "not done")
    )
    if again:
        lines += ["Read again:", ""]
        lines += [f"- {_code(f'infralab learn {lesson.lesson} {step}')}" for step in again]
        lines.append("")
    return lines


def _task(task: TaskGrade) -> list[str]:
    worth = points.shown(points.worth(task.points, task.hints)) if task.outcome == "pass" else "0"
    taken = f", {task.hints} hint{'s' if task.hints > 1 else ''}" if task.hints else ""
    lines = [
        f"- **{task.step} / {task.task}**: {WORDS[task.outcome]} ({worth} of {task.points}{taken})"
    ]
    if task.outcome in ("fail", "error", "not done") and task.expected:
        lines += [
            f"  - expected: {_code(task.expected)}",
            f"  - found: {_code(task.observed)}",
        ]
        if task.look:
            lines.append(f"  - see it yourself: {_code(task.look)}")
        if task.explanation:
            lines.append(f"  - {_plain(task.explanation)}")
    elif task.outcome in ("given", "error", "not replayed"):
        lines.append(f"  - {_plain(why(task))}")
    return [*lines, ""]


def _code(text: str) -> str:
    """Foreign text as it is: in a code span nothing of it is a link, a picture or a heading."""
    flat = " ".join(shown(text).split())
    longest = max((len(run) for run in _TICKS.findall(flat)), default=0)
    ticks = "`" * (longest + 1)
    return f"{ticks} {flat} {ticks}" if flat else ""


def _plain(text: str) -> str:
    """Text without markup of its own (CommonMark 2.4, backslash escapes)."""
    return re.sub(r"([\\`*_{}\[\]<>#|!&~])", r"\\\1", " ".join(shown(text).split()))
