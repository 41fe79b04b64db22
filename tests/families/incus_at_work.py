"""A tenant with one instance: `python -m tests.families.incus_at_work WHAT`, root in a bench."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from lab_engine.agent.genuine import require_genuine
from lab_engine.common.happening import Happening
from lab_engine.common.plan import ordered
from lab_engine.families.incus.agent import fleeting, inventory, journal, readers, stream
from lab_engine.families.incus.family import FAMILY
from lab_engine.families.incus.probes import (
    IncusEventsProbe,
    IncusInstanceProbe,
    IncusProjectsProbe,
    IncusServerProbe,
)
from lab_engine.families.incus.resources import IncusImage, IncusInstance, IncusProject
from lab_engine.families.process.agent import inventory as processes
from tests.families.bench_state import Surroundings, sh
from tests.families.obligations import destroy, make

RESOURCES: Final = ordered(
    [
        IncusImage("web"),
        IncusProject("bank", config={"limits.instances": "2"}),
        IncusInstance("bank_web1", image="web", config={"limits.memory": "64MiB"}),
    ]
)
SECONDS: Final = 10.0


def build() -> None:
    for resource in RESOURCES:
        make(resource)


def clear() -> None:
    for resource in reversed(RESOURCES):
        destroy(resource)


def until(what: str, holds: Callable[[], object]) -> None:
    end = time.monotonic() + SECONDS
    while not holds():
        assert time.monotonic() < end, what
        time.sleep(0.05)


def reads() -> None:
    """What a limit is and what was used is the kernel's own word."""
    build()
    require_genuine(FAMILY)
    found = readers.instance(IncusInstanceProbe("web1", project="bank"))
    assert found.running
    assert found.memory == 64 << 20
    assert found.pid in found.pids
    assert found.addresses
    assert not readers.instance(IncusInstanceProbe("web1")).exists
    # A learner with sudo writes past the daemon, which still tells the old limit.
    for file in ("memory.limit_in_bytes", "memory.max"):
        for group in Path("/sys/fs/cgroup").rglob(f"lxc.payload.bank_web1/{file}"):
            group.write_text(str(48 << 20))
    now = readers.instance(IncusInstanceProbe("web1", project="bank"))
    assert now.memory == 48 << 20
    assert now.config["limits.memory"] == "64MiB"
    sh("incus exec web1 --project bank -- timeout 1 sh -c 'while :; do :; done' || true")
    later = readers.instance(IncusInstanceProbe("web1", project="bank"))
    assert later.cpu_seconds > now.cpu_seconds
    uses = readers.projects(IncusProjectsProbe()).named("bank").uses["instances"]
    assert (uses.used, uses.limit) == (1, 2)
    assert readers.server(IncusServerProbe()).memory
    # What runs in an instance is none of the learner's processes, nor are its daemons.
    assert not processes.entries()
    clear()


def tells() -> None:
    """Who asked for what is kept, in order."""
    journal.begin()
    until("it listens", journal.JOURNAL.listening.is_set)
    before = journal.events(IncusEventsProbe()).last
    build()
    sh("incus delete -f web1 --project bank")

    def told() -> tuple[Happening, ...]:
        return journal.events(IncusEventsProbe("bank_web1")).after(before)

    until("it tells of the end", lambda: any(one.action == "deleted" for one in told()))
    actions = [one.action for one in told()]
    assert actions.index("created") < actions.index("started") < actions.index("deleted"), actions
    assert all(one.facts["project"] == "bank" for one in told())
    assert {one.facts.get("protocol", "unix") for one in told()} == {"unix"}
    assert any(
        one.action == "created"
        for one in journal.events(IncusEventsProbe("bank", kind="project")).happenings
    )
    clear()


def lasts() -> None:
    """A stream that stays open for longer than the daemon waits for an answer to its ping."""
    heard: list[str] = []
    opened, stopping = threading.Event(), threading.Event()

    def listen() -> None:
        # One after the other, as they come.
        heard.extend(event.metadata.action for event in stream.events(stopping, opened.set))

    thread = threading.Thread(target=listen)
    thread.start()
    assert opened.wait(SECONDS)
    time.sleep(45)
    sh("incus project create late && incus project delete late")
    until("it still hears", lambda: "project-deleted" in heard)
    stopping.set()
    thread.join(SECONDS)
    assert not thread.is_alive()


def starts_again() -> None:
    """What ran when a bench stopped runs again, and what was stopped stays so."""
    build()
    there = fleeting.there()
    assert there == {"incus-instance/bank_web1": "instance bank_web1"}
    sh("incus stop -f web1 --project bank")
    assert fleeting.there() == {}
    assert fleeting.again([*there, "incus-instance/gone"]) == {}
    assert fleeting.there() == there
    clear()


def comes_back() -> None:
    """Whatever a learner changed of the cloud, an undo takes away or puts back."""
    everything = Surroundings("incus")
    before = everything.now()
    sh("incus config set core.https_address 127.0.0.1:18443")
    sh("incus config trust add-certificate /var/lib/incus/server.crt --name own --restricted")
    sh("incus network create extra0 ipv4.address=10.78.0.1/24 ipv6.address=none ipv4.nat=false")
    sh("incus network set incusbr0 dns.mode=managed")
    sh("incus profile set default limits.memory=32MiB; incus profile create small")
    sh("incus storage volume create default shelf")
    sh("incus project create shop; incus image list --project shop")
    # A client of a user's own stands in what is to go.
    sh("HOME=/root incus project switch shop && HOME=/root incus list")
    added = everything.now().keys() - before.keys()
    kinds = {key.partition("/")[0] for key in added}
    assert kinds == {
        "incus-certificate",
        "incus-network",
        "incus-profile",
        "incus-project",
        "incus-setting",
        "incus-volume",
    }, added
    for kind in FAMILY.removal:
        for key in sorted(added):
            if key.startswith(f"{kind}/"):
                inventory.remove(key)
    everything.expect(before)
    sh("HOME=/root incus list")


ACTS: Final = {
    "make": build,
    "clear": clear,
    "reads": reads,
    "tells": tells,
    "lasts": lasts,
    "starts-again": starts_again,
    "comes-back": comes_back,
}


if __name__ == "__main__":
    ACTS[sys.argv[1]]()
