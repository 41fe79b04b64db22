"""Whether the text says what the checks want, and whether a test covers its commands."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from lab_engine.course.faults import lab_place
from lab_engine.course.lab import LabStep, Variables
from lab_engine.course.lesson import Lesson, Step
from lab_engine.course.lint import code
from lab_engine.course.lint.finding import Finding
from lab_engine.course.scaffold import NOT_WRITTEN
from lab_engine.course.text import front, names
from lab_engine.course.text.model import Code, Document, visible_text

_COMMANDS = ("bash", "shell", "console", "zsh", "shell-session")


def findings(lesson: Lesson, variables: Variables) -> Iterator[Finding]:
    yield from _variables(lesson)
    yield from _unwritten(lesson)
    stated = visible_text(lesson.introduction(variables).blocks)
    for step in lesson.steps:
        document = step.document(variables)
        lab_step = lesson.lab.steps.get(step.name)
        own = visible_text(document.blocks)
        stated = f"{stated}\n{own}" if lab_step is None or lab_step.continues else own
        if lab_step is not None:
            yield from _stated(step, document, lab_step, variables, stated)
        yield from _commands(step, document, lab_step, variables)


def _unwritten(lesson: Lesson) -> Iterator[Finding]:
    """What `infralab new-lesson` left for the author."""
    for where, path in _texts(lesson).items():
        for number, line in enumerate(front.read(path, where=where).split("\n"), 1):
            if NOT_WRITTEN in line:
                yield Finding(f"{where}:{number}", "not-written", line.strip(), "Write it.")
    for step in lesson.lab.steps.values():
        for check in step.checks:
            if any(NOT_WRITTEN in text for text in code.strings(check.function)):
                yield Finding(
                    code.place(check.function),
                    "not-written",
                    f"the check of {check.task!r} is not written yet",
                    "Ask a probe, and `require` what the task wants.",
                )


def _texts(lesson: Lesson) -> dict[str, Path]:
    texts = {lesson.where: lesson.folder / "lesson.md"}
    return texts | {step.where: step.source for step in lesson.steps}


def functions(step: LabStep) -> list[Callable[..., Any]]:
    """Everything in a lab's step that may read the variables."""
    return [
        step.resources,
        step.touches,
        *(check.function for check in step.checks),
        *(solution.script for solution in step.solutions),
        *(miss.script for miss in step.near_misses),
    ]


def _variables(lesson: Lesson) -> Iterator[Finding]:
    """Variables that only the text or nobody uses."""
    lab = lesson.lab
    every = [f for step in lab.steps.values() for f in functions(step)]
    used = code.fields_read(every, lab.variables)
    written: dict[str, str] = {}
    for where, path in _texts(lesson).items():
        for name in names.used(front.read(path, where=where)):
            written.setdefault(name, where)
    for field in msgspec.structs.fields(lab.variables):
        if field.name in used:
            continue
        if field.name in written:
            yield Finding(
                written[field.name],
                "unused-variable",
                f"the text names @{{{field.name}}}, which no check, solution or resource uses",
                "Use it in the lab, or write the word itself.",
            )
        else:
            yield Finding(
                lab_place(lab),
                "unused-variable",
                f"the variable {field.name} is used nowhere",
                "Remove it.",
            )


def _stated(
    step: Step, document: Document, lab_step: LabStep, variables: Variables, stated: str
) -> Iterator[Finding]:
    """Values that a check reads and the learner is never told, hints left out."""
    values = variables.as_text()
    lines = {task.id: task.line for task in document.tasks}
    for check in lab_step.checks:
        for name in sorted(code.wanted(check.function, type(variables))):
            value = values[name]
            # A whole word: `web1` is not stated by `web10`.
            if value and not re.search(rf"(?<![\w-]){re.escape(value)}(?![\w-])", stated):
                yield Finding(
                    f"{step.where}:{lines.get(check.task, 1)}",
                    "unstated",
                    f"the check of {check.task!r} wants @{{{name}}}, which the text does not state",
                    f"Write `@{{{name}}}` in the task, unless finding it out is the task.",
                    "advice",
                )


def _commands(
    step: Step, document: Document, lab_step: LabStep | None, variables: Variables
) -> Iterator[Finding]:
    """Commands that nothing runs."""
    scripts = [s.script(variables) for s in lab_step.solutions] if lab_step else []
    run = {
        _squeezed(line) for script in scripts for command in script for line in command.split("\n")
    }
    blocks = document.code()
    compared = document.outputs().values()
    for block in blocks:
        if block.typed:
            run |= {_squeezed(line) for line in block.text.split("\n")}
    for block in blocks:
        where = f"{step.where}:{block.line}"
        if block.language in _COMMANDS or (block.language == "output" and _prompted(block)):
            yield Finding(
                where,
                "commands",
                f"a block of `{block.language}` looks like commands, which no test would run",
                "Use `sh` for what is typed (without a prompt) and `output` for what is printed.",
            )
        lost = block.language == "output" and not block.why and block not in compared
        if lost and not _prompted(block):
            yield Finding(
                where,
                "not-compared",
                "nothing prints this output: no command that a test runs stands right above it",
                'Put it below its `sh` block, or say why it cannot be: output why="…"',
            )
        if block.typed and _prompted(block):
            yield Finding(
                where, "prompt", "a command begins with a prompt", "Leave the `$` out: it is run."
            )
        if block.role == "later" and not block.above and block.below:
            yield Finding(
                where,
                "later",
                "role `later` waits for tasks, and all of them come after it",
                "Put it below the task that it needs, or leave `later` out.",
            )
        if block.role == "later" and not scripts:
            yield Finding(
                where, "later", "role `later` waits for a solution, and the step has none"
            )
        if block.language == "sh" and not block.typed and not block.why:
            idle = [line for line in block.text.split("\n") if _squeezed(line) not in run | {""}]
            if idle:
                yield Finding(
                    where,
                    "not-run",
                    f"no test runs `{idle[0].strip()}`",
                    f'Give the block a role that runs it, or say why not: sh {block.role} why="…"',
                    "advice" if block.role == "console" else "error",
                )


def _prompted(block: Code) -> bool:
    return block.text.lstrip().startswith("$ ")


def _squeezed(line: str) -> str:
    return " ".join(line.partition(" #")[0].split())
