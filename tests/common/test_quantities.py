"""Sizes and times as texts."""

from __future__ import annotations

import pytest

from lab_engine.common import quantities


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("4g", 4 << 30),
        ("512 MiB", 512 << 20),
        ("1048576", 1 << 20),
        ("1kb", 1024),
        (" 2M ", 2 << 20),
        (" 64M ", 64 << 20),
    ],
)
def test_sizes(text: str, size: int) -> None:
    assert quantities.size(text) == size


@pytest.mark.parametrize("text", ["", "g", "-1", "1.5g", "5 apples", "4gg", "1 t", "big"])
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(ValueError, match="is no size"):
        quantities.size(text)


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("30 m", 1800), ("2h", 7200), ("7", 7)])
def test_times(text: str, seconds: int) -> None:
    assert quantities.seconds(text) == seconds


@pytest.mark.parametrize("text", ["", "soon", "2d", "1h30m", "-5s"])
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(ValueError, match="is no time"):
        quantities.seconds(text)
