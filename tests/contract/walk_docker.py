"""One walk over a case, as root inside a bench: `walk_docker.py lifecycle|foreign|held NAME`."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import Any

from lab_engine.errors import ProviderError
from lab_engine.providers.base import Mark, Provider
from lab_engine.providers.registry import provider
from lab_engine.readers.docker_inventory import inventory, remove
from tests.contract.cases_docker import BUSYBOX, CASES, DATA, LAN, WEB, Case

MARK = Mark("contract-test")
OTHER = Mark("another-session")


def sh(command: str) -> None:
    subprocess.run(
        ["sh", "-ec", command], check=True, timeout=60, stdout=subprocess.DEVNULL, stderr=sys.stdout
    )


def make(resource: Any) -> None:
    its: Provider[Any] = provider(resource.kind())
    its.create(resource, MARK, lambda _: None)
    deadline = time.monotonic() + its.limit("ready")
    while not its.reached(resource, resource.final_stage()):
        assert time.monotonic() < deadline, "never ready"
        time.sleep(0.02)


def look(resource: Any, mark: Mark = MARK) -> tuple[bool, bool, str]:
    seen = provider(resource.kind()).observe([resource], mark)[resource.name]
    return seen.present, seen.ours, seen.drift


def lifecycle(case: Case) -> None:
    wanted, its = case.resource, provider(case.resource.kind())
    bears_mark = wanted.kind() != "image"
    clean = inventory()
    assert look(wanted) == (False, False, "")
    its.destroy(wanted.name, MARK)
    make(wanted)
    assert look(wanted) == (True, True, "")
    make(wanted)
    assert look(wanted) == (True, True, "")
    if bears_mark:
        assert (wanted.key, MARK.session) in {(one.key, one.session) for one in its.owned()}
        assert not look(wanted, OTHER)[1]
        its.destroy(wanted.name, OTHER)
        assert look(wanted)[1]
    for damage in case.damages:
        sh(damage)
        seen = look(wanted)
        assert seen[2], f"no drift after: {damage}"
        print(f"{damage.split(';')[0]}: {seen[2]}")
        if not seen[1]:
            sh(f"docker rmi {wanted.name}")
        its.destroy(wanted.name, MARK)
        make(wanted)
        assert look(wanted) == (True, True, "")
    its.destroy(wanted.name, MARK)
    assert look(wanted) == (False, False, "")
    its.destroy(wanted.name, MARK)
    assert wanted.key not in {one.key for one in its.owned()}
    assert inventory() == clean


def foreign(case: Case) -> None:
    wanted, its = case.resource, provider(case.resource.kind())
    sh(case.foreign)
    before = inventory()
    assert look(wanted)[:2] == (True, False)
    try:
        its.create(wanted, MARK, lambda _: None)
    except ProviderError as error:
        print(error, "|", error.hint)
    else:
        raise AssertionError("it took what is not ours")
    its.destroy(wanted.name, MARK)
    assert list(its.owned()) == []
    assert inventory() == before
    sh(case.theirs)


def held(_: Case) -> None:
    """What our containers hold on to can be taken away; what a stranger's holds on to cannot."""
    everything = {"image": BUSYBOX, "docker-network": LAN, "docker-volume": DATA}
    for kind in ("docker-volume", "image", "docker-network"):
        for resource in (BUSYBOX, LAN, DATA, WEB):
            make(resource)
        provider(kind).destroy(everything[kind].name, MARK)
        assert not look(everything[kind])[0]
    for resource in (BUSYBOX, LAN, DATA):
        make(resource)
    sh("docker run -d --name theirs -v data:/v busybox sleep 1000")
    for kind in ("docker-volume", "image"):
        try:
            provider(kind).destroy(everything[kind].name, MARK)
        except ProviderError as error:
            print(error, "|", error.hint)
        else:
            raise AssertionError("it took what a stranger uses")
        assert look(everything[kind]) == (True, True, "")


def main(what: str, name: str) -> None:
    case = next(case for case in CASES if case.name == name)
    try:
        for resource in case.needs if what != "foreign" else case.needs[:1]:
            make(resource)
        {"lifecycle": lifecycle, "foreign": foreign, "held": held}[what](case)
    finally:
        for key in inventory():
            remove(key)


if __name__ == "__main__":
    main(*sys.argv[1:])
