"""What makes a lesson unfit to be taken: text and lab that do not belong together.

`verify` raises the first fault, `faults` gives them all to the linter.
"""

from __future__ import annotations

import difflib
import graphlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from lab_engine.common.features import FEATURES
from lab_engine.common.plan import ordered
from lab_engine.common.resource import Resource
from lab_engine.course import pack
from lab_engine.course.lab import Lab, LabStep, Variables
from lab_engine.course.lesson import Course, Lesson, Step
from lab_engine.course.seed import Seed
from lab_engine.course.text.model import Document
from lab_engine.errors import ContentError, InfralabError
from lab_engine.families.registry import KINDS
from lab_engine.families.subnets import clashes

HINTS = 3


def verify(lesson: Lesson, seed: Seed) -> None:
    """Refuse a lesson that is not whole. Raises ContentError, the first one found."""
    for fault in faults(lesson, seed):
        raise fault


def course_faults(course: Course) -> Iterator[ContentError]:
    """What is wrong beyond one lesson: it needs another, or a pack, that is not there before it."""
    before: set[str] = set()
    packs = pack.recipes()
    for lesson in course.lessons:
        for need in lesson.needs:
            if need not in before:
                later = any(need == one.slug for one in course.lessons)
                why = "comes later in the course" if later else "does not exist"
                yield ContentError(f"needs = {need!r}, a lesson that {why}", where=lesson.where)
        before.add(lesson.slug)
        for name in lesson.packs:
            if name not in packs:
                known = ", ".join(packs) or "none"
                yield ContentError(
                    f"packs = {name!r}, which is no pack",
                    where=lesson.where,
                    hint=f"There are: {known}.",
                )


def faults(lesson: Lesson, seed: Seed) -> Iterator[ContentError]:
    """Every fault of a lesson for one seed."""
    try:
        steps, lab = lesson.steps, lesson.lab
        variables = lesson.variables(seed)
        lesson.introduction(variables)
    except ContentError as fault:
        yield fault
        return
    place = lab_place(lab)
    names = [step.name for step in steps]
    for name, lab_step in lab.steps.items():
        if name not in names:
            yield ContentError(
                f"step {name!r} has no text",
                where=place,
                hint=f"Add NN-{name}.md to content/{lesson.folder.name}.",
            )
        elif lab_step.continues is not None:
            yield from _continues(lab, lab_step, names, place)
    for step in steps:
        yield from _kernel_words(step)
        try:
            document = step.document(variables)
        except ContentError as fault:
            yield fault
            continue
        yield from text_faults(step, document, lab.steps.get(step.name))
    for lab_step in lab.steps.values():
        yield from lab_faults(lab_step, variables, place)


def lab_place(lab: Lab[Any]) -> str:
    return f"labs/{lab.slug.replace('-', '_')}"


def _continues(
    lab: Lab[Any], step: LabStep, names: Sequence[str], place: str
) -> Iterator[ContentError]:
    where = f"{place}, step {step.name}"
    if step.continues not in lab.steps:
        yield ContentError(
            f"continues = {step.continues!r}, which is no step of this lab", where=where
        )
    elif step.continues not in names or names.index(step.continues) >= names.index(step.name):
        yield ContentError(f"continues = {step.continues!r}, which is not earlier", where=where)


def _kernel_words(step: Step) -> Iterator[ContentError]:
    """Words of `needs_kernel` that nobody knows, or that stand there twice."""
    for number, word in enumerate(step.needs_kernel):
        if word not in FEATURES:
            # Some are written with a hyphen in the names of their files.
            near = difflib.get_close_matches(word.replace("-", "_"), FEATURES, n=1, cutoff=0.5)
            yield ContentError(
                f"needs_kernel = {word!r}, which no kernel of ours is known to have",
                where=step.where,
                hint=f"Did you mean {near[0]!r}?" if near else f"Known: {', '.join(FEATURES)}.",
            )
        elif word in step.needs_kernel[:number]:
            yield ContentError(f"needs_kernel has {word!r} twice", where=step.where)


def text_faults(step: Step, document: Document, lab_step: LabStep | None) -> Iterator[ContentError]:
    """What is wrong between a step's text and its checks."""
    checked = {check.task for check in lab_step.checks} if lab_step else set()
    if document.tasks and lab_step is None:
        yield ContentError(
            f"has tasks, but the lab has no step {step.name!r}",
            where=step.where,
            hint=f'Add lab.step("{step.name}").',
        )
        return
    for task in document.tasks:
        where = f"{step.where}:{task.line}"
        if task.id not in checked:
            yield ContentError(
                f"task {task.id!r} has no check",
                where=where,
                hint=f"The lab's step checks: {', '.join(sorted(checked)) or 'nothing'}.",
            )
        if len(task.hints) != HINTS:
            yield ContentError(
                f"task {task.id!r} has {len(task.hints)} hints, not {HINTS}",
                where=where,
                hint="From a nudge to the answer.",
            )
    answers = lab_step.answers if lab_step else {}
    for block in document.questions:
        source = block.question.answer_from
        if source and source not in answers:
            yield ContentError(
                f"question {block.question.id!r} has answer_from={source}, which the lab lacks",
                where=f"{step.where}:{block.line}",
                hint=f'Write @step.answer("{source}") in the lab.',
            )
    for name in sorted(checked - {task.id for task in document.tasks}):
        yield ContentError(
            f"the lab checks {name!r}, but the text has no such task",
            where=step.where,
            hint=f"Write :::: task {name}",
        )


def lab_faults(step: LabStep, variables: Variables, place: str) -> Iterator[ContentError]:
    """What is wrong inside a lab's step, for these variables."""
    where = f"{place}, step {step.name}"
    tasks = {check.task for check in step.checks}
    sorter: graphlib.TopologicalSorter[str] = graphlib.TopologicalSorter()
    for check in step.checks:
        sorter.add(check.task, *check.needs)
        for need in check.needs:
            if need not in tasks:
                yield ContentError(
                    f"check {check.task!r} needs {need!r}, no task here", where=where
                )
    try:
        sorter.prepare()
    except graphlib.CycleError as error:
        # CycleError has the circle as its second argument (graphlib).
        circle = " -> ".join(error.args[1])
        yield ContentError(f"checks need each other in a circle: {circle}", where=where)
    for miss in step.near_misses:
        if miss.rejected_by not in tasks:
            yield ContentError(
                f"near miss {miss.name!r} is rejected by {miss.rejected_by!r}, no task here",
                where=where,
            )
    for proofs in (step.solutions, step.near_misses):
        names = [proof.name for proof in proofs]
        for name in sorted({name for name in names if names.count(name) > 1}):
            yield ContentError(f"two scripts are called {name!r}", where=where)
    for solution in step.solutions:
        yield from _script(f"solution {solution.name!r}", solution.script, variables, where)
    for miss in step.near_misses:
        yield from _script(f"near miss {miss.name!r}", miss.script, variables, where)
    try:
        resources = list(step.resources(variables))
    except InfralabError as error:
        yield ContentError(error.message, where=where, hint=error.hint)
    except Exception as error:
        yield ContentError(f"resources broke: {type(error).__name__}: {error}", where=where)
    else:
        yield from resource_faults(resources, where)


def _script(
    what: str, script: Callable[[Any], Sequence[str]], variables: Variables, where: str
) -> Iterator[ContentError]:
    try:
        commands = script(variables)
    except Exception as error:
        # An author's function may raise anything, and what follows is to be looked at, too.
        yield ContentError(f"{what} broke: {type(error).__name__}: {error}", where=where)
        return
    # A text is a sequence of texts, too, and each of its letters would be a command.
    if isinstance(commands, str) or not commands or not all(isinstance(c, str) for c in commands):
        yield ContentError(f"{what} is not a list of commands", where=where)


def resource_faults(resources: Sequence[Resource], where: str) -> Iterator[ContentError]:
    """Unknown kinds, duplicate keys, references to nothing, circles, subnets that clash."""
    for resource in resources:
        if resource.kind() not in KINDS:
            yield ContentError(
                f"{resource.key}: there is no resource kind {resource.kind()!r}",
                where=where,
                hint=f"There are: {', '.join(sorted(KINDS))}.",
            )
    try:
        ordered(resources)
    except InfralabError as error:
        yield ContentError(error.message, where=where, hint=error.hint)
        return
    for problem in clashes(resources):
        yield ContentError(problem, where=where, hint="Give each network a subnet of its own.")
