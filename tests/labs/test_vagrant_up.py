"""What the lab of vagrant-up reads out of a Vagrantfile's text."""

from __future__ import annotations

import pytest

from lab_engine.authoring import ruby_without_comments
from labs.vagrant_up.first import says_other
from labs.vagrant_up.versions import BEYOND, WANTED, conditions, takes


@pytest.mark.parametrize(
    ("line", "known"),
    [
        ('"~> 1.1"', ["~> 1.1"]),
        ('"~> 1.1" # not "1.1.0"', ["~> 1.1"]),
        ('">= 1.1, < 2"', [">= 1.1", "< 2"]),
        ('[">= 1.1", "< 2"]', [">= 1.1", "< 2"]),
        ('"1.*"', ["1.*"]),
        ("nil", []),
        ("wanted", None),
        ('"~> #{series}"', None),
        ('"1.0.0"\n  # config.vm.box_version = "~> 1.1"', ["1.0.0"]),
        ('"1.0.0"\n  config.vm.box_version = "~> 1.1"', ["~> 1.1"]),
    ],
)
def test_the_conditions_are_those_of_the_last_line_that_counts(
    line: str, known: list[str] | None
) -> None:
    assert conditions(ruby_without_comments(f"  config.vm.box_version = {line}\n")) == known


def test_a_file_without_a_version_takes_all() -> None:
    known = conditions("config.vm.box = 'small'")
    assert known == []
    assert takes(known, "2.0.0")


@pytest.mark.parametrize(
    "condition", ["~> 1.1", "~> 1", "< 2", ">= 1.1, < 2.0", "< 2.0.0, != 1.0.0"]
)
def test_what_holds_for_series_1(condition: str) -> None:
    parts = [part.strip() for part in condition.split(",")]
    assert all(takes(parts, version) for version in (WANTED, "1.2.0", "1.99.0"))
    assert not any(takes(parts, version) for version in BEYOND)


@pytest.mark.parametrize("condition", ["!= 2.0.0", "> 1.0.0", "< 2.1, != 2.0.0"])
def test_what_lets_series_2_in(condition: str) -> None:
    parts = [part.strip() for part in condition.split(",")]
    assert any(takes(parts, version) for version in BEYOND)


@pytest.mark.parametrize("condition", ["1.*", "~> 2.0", "1.0.0", "~> 1.0.0", "1"])
def test_what_does_not_take_the_wanted_one(condition: str) -> None:
    assert not takes([condition], WANTED)


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("libvirt.memory = 160", None),
        ('libvirt.memory = "160"', None),
        ("memory = 160\nlibvirt.memory = memory", None),
        ("libvirt.memory = 80 * 2", None),
        ("libvirt.memory = 192", 192),
        ("libvirt.memory = 192 # memory = 160", 192),
    ],
)
def test_a_memory_that_the_file_gives_instead(text: str, other: int | None) -> None:
    assert says_other(ruby_without_comments(text), 160) == other


def test_a_sign_in_quotes_begins_no_comment() -> None:
    assert ruby_without_comments('a = "#{name}" # the name\n# all\nb') == 'a = "#{name}" \n\nb'
