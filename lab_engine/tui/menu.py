"""The list behind the menu (F10)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from textual.screen import Screen

from lab_engine.tui.palette import Offer

if TYPE_CHECKING:
    from lab_engine.tui.app import LearnApp


def offers(app: LearnApp, screen: Screen[Any]) -> Iterator[Offer]:
    """First what can be done here, then shells, then lessons, then the app itself."""
    from lab_engine.tui.screens.lesson import LessonScreen

    if isinstance(screen, LessonScreen):
        yield from _lesson(screen)
    overview = app.overview
    for lesson in overview.course.lessons if overview else ():
        yield Offer(
            f"Lesson {lesson.number} {lesson.title}", "open it", partial(app.take_up, lesson)
        )
    yield Offer("This machine (doctor)", "what is there, what is missing", app.action_doctor)
    yield Offer("Keys and signs", "help", app.action_help)
    yield Offer("Light or dark", "change the colours", app.action_light)
    if overview and app.desk.session is not None:
        yield Offer("Remove the bench", "ends the session; your progress stays", app.action_finish)
    yield Offer("Quit", "the bench goes on; the next start takes it up", app.action_leave)


def _lesson(screen: Any) -> Iterator[Offer]:
    desk = screen.desk
    if desk.busy:
        what = "type no further" if desk.typing else "and undo what was begun"
        yield Offer("Stop", what, screen.action_cancel)
    yield Offer("Check now", "F7", screen.action_check)
    yield Offer("Hint", "F9, the next hint for the task you are at", screen.action_hint)
    yield Offer("Next step", "F8", screen.action_next)
    yield Offer("Step before", "b", screen.action_back)
    yield Offer(
        "Solution", "shows the solutions; doing one counts as given", screen.action_solution
    )
    yield Offer("Reset the step", "as it was at its start", screen.action_reset)
    yield Offer("Repair", "start again what was stopped in the bench", screen.action_repair)
    yield Offer("Try again", "what failed or was stopped", screen.action_retry)
    yield Offer("Zoom", "F6, one pane alone and back", screen.action_zoom)
    yield Offer("Plain terminal", "F12, the shell without this screen", screen.action_plain)
    yield Offer("Back to the course", "the bench goes on", screen.app.action_home)
    yield Offer("Shell in the bench", "F3", partial(screen.open_shell, "bench"))
    for node in desk.picture.places:
        if node.target and node.kind != "bench":
            yield Offer(
                f"Shell in {node.kind} {node.name}",
                "a tab",
                partial(screen.open_shell, node.target),
            )
    for step in desk.lesson.steps if desk.lesson else ():
        yield Offer(
            f"Step {step.number} {step.title}", "go to it", partial(screen.go_to, step.name)
        )
