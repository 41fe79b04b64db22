"""What a step may ask of the kernel: the words of `needs_kernel`."""

from __future__ import annotations

import pytest

from lab_engine.common.features import FEATURES, in_short
from lab_engine.errors import ContentError
from tests.kit import Kit

STEP = "content/07.6-bridges/10-one.md"


def ask(kit: Kit, value: str) -> None:
    kit.change(STEP, "minutes = 5", f"minutes = 5\nneeds_kernel = {value}")


def test_a_step_says_what_it_needs(kit: Kit) -> None:
    assert kit.lesson().step("one").needs_kernel == ()
    ask(kit, '["8021q", "wireguard"]')
    assert kit.lesson().step("one").needs_kernel == ("8021q", "wireguard")
    assert kit.rules() == []


@pytest.mark.parametrize(
    ("value", "said", "hint"),
    [
        ('["dm_snapshots"]', "'dm_snapshots'", "Did you mean 'dm_snapshot'?"),
        # As modprobe takes it, too.
        ('["dm-snapshot"]', "'dm-snapshot'", "Did you mean 'dm_snapshot'?"),
        ('["vlan_8021q"]', "'vlan_8021q'", "Did you mean '8021q'?"),
        ('["zzz"]', "'zzz'", "Known: 8021q, "),
        ('["8021q", "8021q"]', "'8021q' twice", ""),
    ],
)
def test_a_word_that_is_none_is_a_fault(kit: Kit, value: str, said: str, hint: str) -> None:
    ask(kit, value)
    fault = kit.fault()
    assert said in fault.message
    assert STEP in fault.where
    assert fault.hint.startswith(hint)
    assert [rule for rule, _, _ in kit.rules()] == ["fault"]


def test_other_kinds_of_values_are_refused(kit: Kit) -> None:
    ask(kit, '"8021q"')
    with pytest.raises(ContentError, match="a value does not fit"):
        _ = kit.lesson().steps


def test_it_is_a_steps_and_no_lessons(kit: Kit) -> None:
    kit.change("content/07.6-bridges/lesson.md", "minutes = 5", 'minutes = 5\nneeds_kernel = ["x"]')
    with pytest.raises(ContentError, match="unknown key `needs_kernel`"):
        kit.load()


def test_every_feature_has_words_of_its_own() -> None:
    for field in ("title", "option"):
        values = [getattr(one, field) for one in FEATURES.values()]
        assert all(values)
        assert len(set(values)) == len(values)


@pytest.mark.parametrize(
    ("lacking", "said"),
    [
        (None, "needs a kernel with IPVS (load balancing) and WireGuard"),
        ((), "which is here"),
        (("wireguard",), "WireGuard is not here, but in the virtual machine"),
        (("ip_vs", "wireguard"), "which is not here, but in the virtual machine"),
    ],
)
def test_in_short(lacking: tuple[str, ...] | None, said: str) -> None:
    assert in_short(("ip_vs", "wireguard"), lacking).endswith(said)
