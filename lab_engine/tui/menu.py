"""What the menu offers in a lesson, as commands of Textual's own palette."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from textual.app import SystemCommand

from lab_engine.tui.screens.lesson import LessonScreen


def lesson_commands(screen: LessonScreen) -> Iterator[SystemCommand]:
    """What can be done in the lesson, its shells, its steps."""
    desk, acts = screen.desk, screen.acts
    key = desk.keymap.said
    if desk.busy:
        what = "type no further" if desk.typing else "and undo what was begun"
        yield SystemCommand("Stop", what, acts.cancel)
    yield SystemCommand("Check now", key("check"), screen.action_check)
    about = f"{key('hint')}, the next hint for the task you are at"
    yield SystemCommand("Hint", about, screen.action_hint)
    yield SystemCommand("Next step", key("next"), acts.next)
    yield SystemCommand("Step before", "go back to it", acts.back)
    yield SystemCommand(
        "Solution",
        f"{key('solution')}, shows the solutions; doing one counts as given",
        acts.solution,
    )
    yield SystemCommand("Reset the step", f"{key('reset')}, as it was at its start", acts.reset)
    yield SystemCommand(
        "Repair", f"{key('repair')}, start again what was stopped in the bench", acts.repair
    )
    yield SystemCommand("Try again", "what failed or was stopped", acts.retry)
    yield SystemCommand("Zoom", f"{key('zoom')}, one pane alone and back", screen.action_zoom)
    yield SystemCommand("Plain terminal", "F12, the shell without this screen", screen.action_plain)
    yield SystemCommand(
        "Back to the course", "the bench goes on", partial(screen.run_action, "app.home")
    )
    yield SystemCommand("Shell in the bench", key("shell"), partial(screen.open_shell, "bench"))
    yield SystemCommand(
        "Another shell",
        f"{key('another_shell')}, in a tab; {key('shell')} again goes from one to the next",
        screen.action_another_shell,
    )
    for node in desk.page.picture.places:
        if node.target and node.kind != "bench":
            yield SystemCommand(
                f"Shell in {node.kind} {node.name}",
                "a tab",
                partial(screen.open_shell, node.target),
            )
    for step in desk.page.lesson.steps if desk.page.lesson else ():
        yield SystemCommand(
            f"Step {step.number} {step.title}", "go to it", partial(acts.go_to, step.name)
        )
