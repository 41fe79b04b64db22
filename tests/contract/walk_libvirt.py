"""One walk over a case, run as root inside a bench: `walk_libvirt.py lifecycle|foreign NAME`."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import Any

from lab_engine.errors import ProviderError
from lab_engine.providers.base import Mark, Provider
from lab_engine.providers.registry import provider
from lab_engine.readers.libvirt_inventory import inventory, remove
from tests.contract.cases_libvirt import CASES, Case

MARK = Mark("contract-test")
OTHER = Mark("another-session")
ORDER = ("vm", "virtual-network", "disk", "pool")


def sh(command: str) -> None:
    subprocess.run(
        ["sh", "-ec", command], check=True, timeout=60, stdout=subprocess.DEVNULL, stderr=sys.stdout
    )


def make(resource: Any) -> None:
    its: Provider[Any] = provider(resource.kind())
    began = time.monotonic()
    its.create(resource, MARK, lambda text: print(f"  {resource.key}: {text}"))
    deadline = time.monotonic() + its.limit("ready")
    while not its.reached(resource, resource.final_stage()):
        assert time.monotonic() < deadline, "never ready"
        time.sleep(0.05)
    print(f"{resource.key} made in {time.monotonic() - began:.2f} s")


def look(resource: Any, mark: Mark = MARK) -> tuple[bool, bool, str]:
    seen = provider(resource.kind()).observe([resource], mark)[resource.name]
    return seen.present, seen.ours, seen.drift


def names() -> set[str]:
    return set(inventory())


def lifecycle(case: Case) -> None:
    wanted, its = case.resource, provider(case.resource.kind())
    clean = names()
    assert look(wanted) == (False, False, "")
    its.destroy(wanted.name, MARK)
    make(wanted)
    assert look(wanted) == (True, True, "")
    make(wanted)
    assert look(wanted) == (True, True, "")
    assert (wanted.key, MARK.session) in {(one.key, one.session) for one in its.owned()}
    assert not look(wanted, OTHER)[1]
    its.destroy(wanted.name, OTHER)
    assert look(wanted)[1]
    before = inventory()
    assert inventory() == before, "the inventory changes by itself"
    for damage in case.damages:
        sh(damage)
        assert inventory() != before, f"the inventory does not see: {damage}"
        seen = look(wanted)
        assert seen[2] or not seen[0], f"no drift after: {damage}"
        print(f"{damage.split(';')[0]}: {seen[2] or 'gone'}")
        its.destroy(wanted.name, MARK)
        make(wanted)
        assert look(wanted) == (True, True, "")
    its.destroy(wanted.name, MARK)
    assert look(wanted) == (False, False, "")
    its.destroy(wanted.name, MARK)
    assert wanted.key not in {one.key for one in its.owned()}
    assert names() == clean, names() ^ clean


def foreign(case: Case) -> None:
    wanted, its = case.resource, provider(case.resource.kind())
    sh(case.foreign)
    assert look(wanted)[:2] == (True, False)
    try:
        its.create(wanted, MARK, lambda _: None)
    except ProviderError as error:
        print(error, "|", error.hint)
    else:
        raise AssertionError("it took what is not ours")
    its.destroy(wanted.name, MARK)
    assert wanted.key not in {one.key for one in its.owned()}
    sh(case.theirs)


def clear() -> None:
    for kind in ORDER:
        for key in inventory():
            if key.startswith(f"{kind}/"):
                remove(key)
    assert inventory() == {}, inventory()


def main(what: str, name: str) -> None:
    case = next(case for case in CASES if case.name == name)
    try:
        for resource in case.needs:
            make(resource)
        {"lifecycle": lifecycle, "foreign": foreign}[what](case)
    finally:
        clear()


if __name__ == "__main__":
    main(*sys.argv[1:])
