"""The learner's own keys: what is set works, and what is said on the screen is what is set."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from lab_engine.errors import UsageError
from lab_engine.settings import Settings
from lab_engine.tui.keymap import DEFAULTS, Keymap
from lab_engine.tui.screens.hint import HintScreen
from lab_engine.tui.screens.lesson import LessonScreen

Start = Callable[..., Any]
OWN = {"hint": "ctrl+k", "picture": "alt+p", "next": "f4", "task": "f8"}


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return replace(settings, keys=OWN)


async def test_own_keys_work_in_the_shell_and_are_said(start: Start) -> None:
    async with start("bridges", size=(160, 50)) as running:
        await running.ready()
        text = running.screen_text()
        assert "Alt+P Picture" in text
        assert "Ctrl+K Hint" in text
        assert "F4 Next step" in text
        assert "F9" not in text
        await running.press("f3", "f9")
        assert isinstance(running.app.screen, LessonScreen)
        await running.press("ctrl+k")
        await running.until(lambda: isinstance(running.app.screen, HintScreen), "the hint")
        await running.press("escape", "alt+p")
        assert running.app.screen.which == "picture"
        await running.press("f1")
        page = running.screen_text()
        assert "F2 F3 F8 Alt+P" in page
        assert "Ctrl+K" in page


async def test_two_keys_may_change_places(start: Start) -> None:
    async with start("bridges", step="two") as running:
        await running.until(lambda: running.desk.ready, "the step")
        await running.press("f8")
        assert isinstance(running.app.screen, LessonScreen)
        await running.press("f4")
        await running.still()
        assert not isinstance(running.app.screen, LessonScreen), "the end of the lesson"


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"chekc": "f5"}, "no such action"),
        ({"check": "f99"}, "no key"),
        ({"check": ""}, "no key"),
        ({"check": "space bar"}, "no key"),
        ({"check": "c"}, "the shell needs"),
        ({"check": "shift+c"}, "the shell needs"),
        ({"check": "ctrl+c"}, "the shell needs"),
        ({"check": "ctrl+m"}, "the shell needs"),
        ({"check": "f12"}, "the shell needs"),
        ({"check": "f5"}, "the key of picture"),
        ({"check": "f19"}, "the key of repair"),
        ({"check": "ctrl+k", "hint": "Ctrl+K"}, "the key of"),
    ],
)
def test_what_cannot_be_a_key_is_refused_with_the_reason(keys: dict[str, str], words: str) -> None:
    with pytest.raises(UsageError, match=words) as refused:
        Keymap(keys)
    assert refused.value.hint


def test_those_of_the_kit_are_good_ones() -> None:
    own = DEFAULTS | {"repair": "shift+f7", "reset": "alt+r", "solution": "f13"}
    assert Keymap(own).said("reset") == "Alt+R"
