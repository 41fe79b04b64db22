"""What is in the bench, seen whole, and the way back to how it was (runs as root in a bench)."""

from __future__ import annotations

import subprocess
import sys
import time
from collections import Counter
from typing import Final

from lab_engine.agent.baseline import REMOVAL_ORDER
from lab_engine.agent.providers import provider
from lab_engine.families.family import Inventory
from lab_engine.families.process.agent.service import MARK as VARIABLE
from lab_engine.families.provider import Mark
from lab_engine.families.registry import FAMILIES
from lab_engine.kernel import processes

MARK: Final = Mark("contract-test")
OTHER: Final = Mark("another-session")
SETTLES: Final = 5.0
"""Seconds: the kernel takes apart what was in a namespace a little later."""


def sh(command: str) -> None:
    """Run shell commands that must work."""
    subprocess.run(
        ["bash", "-ec", command],
        check=True,
        timeout=60,
        stdout=subprocess.DEVNULL,
        stderr=sys.stdout,
    )


def holds(command: str) -> bool:
    """Whether shell commands succeed."""
    done = subprocess.run(["bash", "-ec", command], timeout=60, capture_output=True, check=False)
    return done.returncode == 0


class Surroundings:
    """The inventories of some families, of the network, of files and of processes."""

    def __init__(self, *families: str) -> None:
        names = dict.fromkeys(("netlink", "files", "process", *families))
        self._inventories: dict[str, Inventory] = {
            name: FAMILIES[name].part(FAMILIES[name].inventory)
            for name in names
            # What a family without one makes are files and processes.
            if FAMILIES[name].inventory
        }

    def now(self) -> dict[str, str]:
        """Everything, key to fingerprint, with the processes of services."""
        found: dict[str, str] = {}
        for its in self._inventories.values():
            found |= its.entries()
        marked = Counter(processes.environment(pid).get(VARIABLE, "") for pid in processes.every())
        for mark, count in marked.items():
            if f":{MARK.session}:" in mark:
                found |= {f"service-process/{mark}/{n}": "there" for n in range(count)}
        return found

    def _outside(self, entries: dict[str, str]) -> dict[str, str]:
        """The entries without what a VM changes by running: only that these things are there."""
        own = {kind for kind, family in REMOVAL_ORDER if family.name == "libvirt"}
        return {k: "there" if k.partition("/")[0] in own else v for k, v in entries.items()}

    def expect(self, before: dict[str, str], *, identical: bool = True) -> None:
        """Fail unless all is as `before`, or, if not `identical`, the same things are there."""

        def seen(entries: dict[str, str]) -> dict[str, str]:
            return self._outside(entries) if identical else dict.fromkeys(entries, "there")

        deadline = time.monotonic() + SETTLES
        while seen(now := self.now()) != seen(before):
            if time.monotonic() > deadline:
                raise AssertionError(f"the bench is other than before: {_told(before, now)}")
            time.sleep(0.05)

    def restore(self, before: dict[str, str]) -> None:
        """Take away by force what was not there `before`, and see that this is done."""
        for service in provider("service").owned():
            if service.session == MARK.session:
                provider("service").destroy(service.key.partition("/")[2], MARK)
        added = sorted(self.now().keys() - before.keys())
        for kind, family in REMOVAL_ORDER:
            for key in added:
                if key.startswith(f"{kind}/") and family.name in self._inventories:
                    self._inventories[family.name].remove(key)
        self.expect(before)


def _told(before: dict[str, str], now: dict[str, str]) -> str:
    odd = sorted(k for k in before.keys() | now.keys() if before.get(k) != now.get(k))
    return "; ".join(f"{key}: {before.get(key, 'none')} -> {now.get(key, 'none')}" for key in odd)
