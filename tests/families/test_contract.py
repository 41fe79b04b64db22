"""The contract of providers: every kind of every family keeps it, in a real bench."""

from __future__ import annotations

import importlib
from collections import Counter
from pathlib import Path

import pytest

from lab_engine.families.family import Family
from lab_engine.families.registry import FAMILIES, KINDS, of_kind
from tests.families.case import Case
from tests.families.cases import CASES
from tests.families.conftest import InBench

WITHOUT_STRANGERS = {
    "service": "a process has no name under which another one could stand in its place",
}


def family(case: Case) -> Family:
    found = of_kind(case.resource.kind())
    assert found is not None
    return found


def parameter(case: Case) -> object:
    marks = [pytest.mark.bench]
    if family(case).name == "libvirt":
        marks += [pytest.mark.vm, pytest.mark.slow]
    return pytest.param(case, id=case.name, marks=marks)


# Those of a family that is in a pack have a bench of their own, in the family's tests.
@pytest.mark.parametrize("case", [parameter(case) for case in CASES if not case.packs])
def test_every_obligation_is_kept(in_bench: InBench, case: Case) -> None:
    its = family(case)
    in_bench("obligations", case.name, daemon=its.name if its.daemon else case.daemon)


@pytest.mark.bench
@pytest.mark.slow
@pytest.mark.parametrize(("case", "program"), [("docker-volume", "dockerd"), ("pool", "libvirtd")])
def test_a_daemon_that_hangs_is_named_in_time(in_bench: InBench, case: str, program: str) -> None:
    in_bench("hung", case, program, daemon=program.removesuffix("d"))


@pytest.mark.bench
def test_a_disk_in_the_place_of_another_is_seen(in_bench: InBench) -> None:
    in_bench("same_inode", daemon="libvirt")


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_has_cases(kind: str) -> None:
    """A new kind comes with a case, a damage and a stranger in its place."""
    cases = [case for case in CASES if case.resource.kind() == kind]
    assert cases, f"add a Case for {kind} to a cases_*.py"
    assert any(case.damages for case in cases), f"no case of {kind} is damaged"
    assert any(case.foreign for case in cases) != (kind in WITHOUT_STRANGERS)


def test_every_case_can_be_told_apart_and_seen() -> None:
    assert [name for name, count in Counter(case.name for case in CASES).items() if count > 1] == []
    for case in CASES:
        assert case.shown, case.name
        assert bool(case.foreign) == bool(case.theirs), case.name


@pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES)
def test_every_family_is_whole(family: Family) -> None:
    """Each part that a descriptor names is there. Looked at as files: libvirt's library is not."""
    package = importlib.import_module(f"lab_engine.families.{family.name}")
    folder = Path(str(package.__file__)).parent
    named = [*family.resources.values(), *family.readers, *family.topics.values()]
    modules = (family.inventory, family.copies, family.machinery, family.interfaces)
    named += [one for one in modules if one]
    for target in named:
        module, _, attribute = target.partition(":")
        path = folder / "agent" / Path(*module.split(".")).with_suffix(".py")
        assert path.is_file(), f"{family.name} names {target}: there is no {path.name}"
        assert not attribute or f"class {attribute}" in path.read_text(), target
    if family.daemon:
        assert list(folder.glob(f"rootfs/usr/lib/infralab/bin/start-{family.name}"))
    assert bool(family.drawn) == (folder / "picture.py").is_file()
    assert bool(family.removal) == bool(family.inventory)
