from __future__ import annotations

import pytest

from lab_engine.common import patience


@pytest.mark.parametrize(
    ("text", "factor"),
    [("", 1), ("1", 1), ("10", 10), ("0", 1), ("-3", 1), ("2.5", 1), ("many", 1), ("1000", 100)],
)
def test_factor(monkeypatch: pytest.MonkeyPatch, text: str, factor: int) -> None:
    monkeypatch.setenv(patience.VARIABLE, text)
    assert patience.factor() == factor
    assert patience.patient(1.5) == 1.5 * factor


def test_nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(patience.VARIABLE, raising=False)
    assert patience.patient(30) == 30
