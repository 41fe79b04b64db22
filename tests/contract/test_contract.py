"""The contract of providers: every kind of every family keeps it, in a real bench."""

from __future__ import annotations

from collections import Counter

import pytest

from lab_engine.providers.registry import DAEMON_OF_FAMILY, PROVIDERS
from lab_engine.resources import KINDS
from tests.contract.case import Case
from tests.contract.cases import CASES
from tests.contract.conftest import InBench

WITHOUT_STRANGERS = {
    "service": "a process has no name under which another one could stand in its place",
}


def family(case: Case) -> str:
    """By the provider's module; libvirt's own library is in the bench only."""
    return PROVIDERS[case.resource.kind()].split(".")[2]


def parameter(case: Case) -> object:
    marks = [pytest.mark.bench]
    if family(case) == "libvirt":
        marks += [pytest.mark.vm, pytest.mark.slow]
    return pytest.param(case, id=case.name, marks=marks)


@pytest.mark.parametrize("case", [parameter(case) for case in CASES])
def test_every_obligation_is_kept(in_bench: InBench, case: Case) -> None:
    in_bench("obligations", case.name, daemon=DAEMON_OF_FAMILY.get(family(case), ""))


@pytest.mark.bench
@pytest.mark.slow
@pytest.mark.parametrize(("case", "program"), [("docker-volume", "dockerd"), ("pool", "libvirtd")])
def test_a_daemon_that_hangs_is_named_in_time(in_bench: InBench, case: str, program: str) -> None:
    in_bench("hung", case, program, daemon=program.removesuffix("d"))


@pytest.mark.parametrize("kind", sorted(KINDS.keys() | PROVIDERS.keys()))
def test_every_kind_has_cases(kind: str) -> None:
    """A new kind comes with a provider, a case, a damage and a stranger in its place."""
    assert kind in KINDS
    assert kind in PROVIDERS
    cases = [case for case in CASES if case.resource.kind() == kind]
    assert cases, f"add a Case for {kind} to a cases_*.py"
    assert any(case.damages for case in cases), f"no case of {kind} is damaged"
    assert any(case.foreign for case in cases) != (kind in WITHOUT_STRANGERS)


def test_every_case_can_be_told_apart_and_seen() -> None:
    assert [name for name, count in Counter(case.name for case in CASES).items() if count > 1] == []
    for case in CASES:
        assert case.shown, case.name
        assert bool(case.foreign) == bool(case.theirs), case.name
