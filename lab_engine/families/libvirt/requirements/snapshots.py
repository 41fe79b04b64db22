"""Statements about snapshots, and the way back to one (client side)."""

from __future__ import annotations

from typing import (
    Literal,
)

from lab_engine.common.evidence import (
    See,
    require,
)
from lab_engine.families.libvirt.probes.domain import (
    DomainEventsProbe,
    DomainProbe,
    DomainReading,
    DomainSnapshot,
)
from lab_engine.families.libvirt.probes.guest import GuestCommandProbe
from lab_engine.families.libvirt.requirements.domains import (
    is_in,
    known,
)


async def require_snapshot(
    see: See, name: str, snapshot: str, *, state: str = "running", older_than: str = ""
) -> DomainSnapshot:
    """A VM has a snapshot, of this state, taken before something changed in the guest.

        await require_snapshot(see, v.vm, v.snapshot, older_than="/data")

    One round trip.

    Reasons: `absent`, `no-snapshot`, `other-state`, `silent`, `too-late`.

    Args:
        see: the check's way to ask.
        name: the VM.
        snapshot: the snapshot's name.
        state: what the VM was when it was taken: `running` (its memory is in it) or `shutoff`.
        older_than: a folder in the guest whose last change (of its inode, which `touch` cannot set
            back) must be younger, give or take a second; the guest's clock may be wrong.
    """
    path = older_than or "/"
    found, clock = await see(
        DomainProbe(name),
        GuestCommandProbe(name, ("sh", "-c", f"stat -c %Z {path} && date +%s")),
    )
    known(found, name, persistent=False)
    taken = found.snapshot(snapshot)
    look = f"virsh snapshot-list {name}"
    if taken is None:
        names = ", ".join(one.name for one in found.snapshots)
        require(
            False,
            "no-snapshot",
            expected=f"{name} has a snapshot called {snapshot}.",
            observed=f"Its snapshots: {names or 'none'}.",
            look=look,
        )
        raise AssertionError
    require(
        taken.state == state,
        "other-state",
        expected=f"It holds a machine that is {state}.",
        observed=f"It holds a machine that is {taken.state}.",
        look=look,
    )
    if not older_than:
        return taken
    times = clock.out.split()
    require(
        clock.ok and len(times) == 2,
        "silent",
        expected=f"The guest in {name} answers, and has {older_than}.",
        observed=clock.why or clock.err.strip()[:80],
        look="virsh list --all",
    )
    changed = int(times[0]) - (int(times[1]) - clock.at)
    require(
        changed >= taken.created - 1,
        "too-late",
        expected=f"The snapshot is older than the last change in {older_than}.",
        observed=f"It was taken {taken.created - changed:.0f} s after it.",
        look=f"virsh snapshot-list {name}",
    )
    return taken


async def require_reverted(
    see: See, name: str, snapshot: str, *, state: Literal["running", "shut", "paused"] = "running"
) -> DomainReading:
    """Since the step began, a VM was put back to a snapshot. One round trip.

        await require_reverted(see, v.vm, v.snapshot)

    libvirt told of it when it happened; a VM that was stopped, started and mended by hand is
    another one.

    Reasons: `absent`, `no-snapshot`, `not-reverted`, `other-snapshot`, `new-snapshot`,
    `started-since`, `paused`, `off`, `on`.

    Args:
        see: the check's way to ask.
        name: the VM.
        snapshot: the snapshot, which must still be there.
        state: what it must be now.
    """
    before = await see.before(DomainEventsProbe(name))
    was = (await see.before(DomainProbe(name))).snapshot(snapshot)
    found, told = await see(DomainProbe(name), DomainEventsProbe(name))
    known(found, name, persistent=False)
    look = f"virsh snapshot-list {name}; virsh domstate --reason {name}"
    taken = found.snapshot(snapshot)
    require(
        taken is not None,
        "no-snapshot",
        expected=f"The snapshot {snapshot} of {name} is still there.",
        observed="It is not.",
        look=look,
    )
    happened = told.after(before.last)
    require(
        any(one.facts.get("why") == "from_snapshot" for one in happened),
        "not-reverted",
        expected=f"{name} was put back to {snapshot}.",
        observed="Since this step began it was put back to none.",
        look=look,
    )
    require(
        taken is not None and taken.current,
        "other-snapshot",
        expected=f"It was put back to {snapshot}.",
        observed="It was put back to another one.",
        look=f"virsh snapshot-current {name} --name",
    )
    require(
        was is None or taken is None or taken.created == was.created,
        "new-snapshot",
        expected=f"The snapshot {snapshot} is the one from the beginning.",
        observed="It was taken since then.",
        look=look,
    )
    since = [one for one in happened if one.facts.get("why") in ("from_snapshot", "booted")]
    require(
        since[-1].facts["why"] == "from_snapshot",
        "started-since",
        expected=f"{name} runs as {snapshot} left it.",
        observed="After it was put back it was started anew, and its memory is gone.",
        look=look,
    )
    is_in(found, name, state)
    return found
