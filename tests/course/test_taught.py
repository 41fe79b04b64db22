"""Taught before asked: what the first solution uses, against what the text has shown."""

from __future__ import annotations

import pytest

from tests.kit import Kit

STEP = "content/07.6-bridges/10-one.md"


def lacking(kit: Kit) -> list[str]:
    return [message.split("`")[1] for rule, _, message in kit.rules() if rule == "not-taught"]


def solve(kit: Kit, *commands: str) -> None:
    kit.change_lab('f"docker network create {v.bridge}"', ", ".join(map(repr, commands)))
    kit.change_lab("DockerNetworkProbe, Image", "ByHand, DockerNetworkProbe, Image")


@pytest.mark.parametrize(
    ("shown", "lacks"),
    [
        ("", ["docker network rm", "foo"]),
        ("Why `docker network rm NAME` and `foo`?", ["docker network rm -f"]),
        ("Why `docker network rm NAME` with `-f`, and `foo`?", []),
        ("Why\n\n```sh\ndocker network rm -f x || foo\n```\n\n", []),
    ],
)
def test_before_the_task(kit: Kit, shown: str, lacks: list[str]) -> None:
    solve(kit, "docker network create x", "docker network rm -f x; foo", "mkdir -p y")
    if shown:
        kit.change(STEP, "Why it is so.", shown)
    assert lacking(kit) == lacks


def test_a_hint_and_what_comes_after_the_last_task_do_not_count(kit: Kit) -> None:
    solve(kit, "docker network create x", "foo")
    kit.change(STEP, "\na\n", "\n`foo`\n")
    kit.write(STEP, (kit.root / STEP).read_text() + "\nNow `foo`.\n")
    assert lacking(kit) == ["foo"]


def test_an_earlier_step_counts_after_its_end_too(kit: Kit) -> None:
    solve(kit, "docker network create x", "foo")
    kit.write(
        "content/07.6-bridges/05-zero.md",
        '+++\ntitle = "T"\nsyllabus = ["07.6"]\nminutes = 1\n+++\nHi `foo`.\n',
    )
    assert lacking(kit) == []


def test_what_a_person_types_is_asked_for(kit: Kit) -> None:
    solve(kit, "docker network create x")
    kit.change_lab(
        "'docker network create x'",
        "ByHand('until bar; do sleep 1; done', typed='docker network create x; baz')",
    )
    assert lacking(kit) == ["baz"]


def test_to_look_it_up_is_the_exercise(kit: Kit) -> None:
    solve(kit, "docker network create x", "virsh attach-disk a b --config")
    kit.change(STEP, "minutes = 5", 'minutes = 5\nfind_out = ["virsh help attach-disk"]')
    assert [rule for rule, _, _ in kit.rules()] == ["find-out"]
    kit.change(STEP, "Why it is so.", "Ask `virsh help attach-disk`.")
    assert kit.rules() == []


class TestDiagrams:
    def draw(self, kit: Kit, drawing: str) -> list[str]:
        kit.change(STEP, "Why it is so.", f'Why.\n\n```diagram alt="x"\n{drawing}\n```\n')
        return [message for rule, _, message in kit.rules() if rule == "diagram"]

    def test_a_learners_name_that_the_text_explains(self, kit: Kit) -> None:
        assert self.draw(kit, "a -- @{bridge}") == []

    def test_a_name_of_which_the_text_says_nothing(self, kit: Kit) -> None:
        kit.change(STEP, "Make `@{bridge}`", "Make it")
        (message,) = self.draw(kit, "a -- @{bridge}")
        assert "the text says nothing" in message

    def test_a_role_in_the_place_of_the_name(self, kit: Kit) -> None:
        (message,) = self.draw(kit, "a -- bridge")
        assert "“bridge”" in message

    def test_a_role_that_the_text_uses(self, kit: Kit) -> None:
        kit.change(STEP, "Make `@{bridge}`", "Make the bridge `@{bridge}`")
        assert self.draw(kit, "a -- bridge") == []


LATER = "```sh later\ndocker network ls\n```\n"


def test_a_block_that_waits_for_tasks_stands_below_one(kit: Kit) -> None:
    kit.change(STEP, "```sh\ndocker network ls\n```\n", LATER)
    assert [rule for rule, _, _ in kit.rules()] == ["later"]
    kit.change(STEP, LATER, "")
    kit.write(STEP, (kit.root / STEP).read_text() + "\n" + LATER)
    assert kit.rules() == []
