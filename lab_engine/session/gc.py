"""What is ours and belongs to no live session, on the host and in the benches (client side).

Ours is what bears an `infralab.session` label, or a mark of a session in a bench. A session is live
while it is open in its owner's record and its bench exists; one of a replay or a proof, and one
that waits for a learner, while the program that began it runs. An engine may serve several people:
what belongs to another one's bench is listed as theirs, and never removed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal

from docker import errors as docker_errors

from lab_engine import protocol as p
from lab_engine.bench import engine, inventory, loops, owner, tool
from lab_engine.bench.connection import Connection, relay_argv
from lab_engine.bench.container import Bench
from lab_engine.errors import InfralabError
from lab_engine.packs import begun, maker
from lab_engine.packs import image as images
from lab_engine.session.record import PASSING, WAITING, Record

Where = Literal["host", "bench"]
SESSION: Final = "infralab.session"


YOUNG: Final = timedelta(minutes=2)
"""So old at most is what belongs to a bench that begins at this moment."""

Whose = Literal["mine", "unknown", "theirs"]
"""`unknown`: a session that this record does not know, without a bench of somebody else's."""


@dataclass(frozen=True, slots=True)
class Leftover:
    """One thing without a live session of this user's; `owner` is who made it, where that is said.

    What is `theirs` belongs to a bench of somebody else's, which may be in use. A volume without a
    session is what a pack's build left when it was broken off, `unknown` while it may still go on.
    """

    where: Where
    kind: str
    name: str
    session: str
    whose: Whose = "mine"
    owner: str = ""


def leftovers(record: Record, me: str) -> list[Leftover]:
    """Everything on the host that belongs to no live session of `me`, in the order of removal.

    Args:
        record: this user's.
        me: whose it is, as `bench.owner.name` says it.

    Raises DockerUnavailable when no engine answers.
    """
    client = engine.connect()
    ours = {"label": SESSION}
    with engine.explain("listing what belongs to sessions"):
        containers = client.api.containers(all=True, filters=ours)
        volumes = client.api.volumes(filters=ours).get("Volumes") or []
        networks = client.api.networks(filters=ours)
    things: list[tuple[str, str, Mapping[str, str]]] = [
        *(("container", c["Names"][0].lstrip("/"), c["Labels"]) for c in containers),
        *(("network", n["Name"], n["Labels"]) for n in networks),
        *(("volume", v["Name"], v["Labels"]) for v in volumes),
    ]
    benches = {labels[SESSION] for kind, _, labels in things if kind == "container"}
    whose: dict[str, Whose | None] = {}
    owners: dict[str, str] = {}
    for _, _, labels in things:
        session = labels[SESSION]
        owners.setdefault(session, labels.get(owner.OWNER, ""))
        if session not in whose:
            whose[session] = _whose(record, me, labels, there=session in benches)
    found = [
        Leftover(
            "host", "loop", loop.device, loop.session,
            whose.get(loop.session) or "unknown", owners.get(loop.session, ""),
        )
        for loop in loops.orphans(client, benches)
        if whose.get(loop.session, "unknown")
    ]  # fmt: skip
    for kind, name, labels in things:
        session = labels[SESSION]
        if standing := whose[session]:
            found.append(Leftover("host", kind, name, session, standing, owners[session]))
    with engine.explain("listing tools whose client was killed"):
        # First, as they hold volumes.
        found[:0] = [Leftover("host", "container", name, "") for name in tool.abandoned(client)]
    found += [
        Leftover("host", "volume", one.name, "", "mine" if one.old else "unknown")
        for one in begun.left(client, maker.VOLUME)
    ]
    found += [
        Leftover("host", "image", row.tag, "")
        for row in inventory.images(images.current())
        if not row.wanted and not _used(client, row.tag)
    ]
    return found


def _whose(record: Record, me: str, labels: Mapping[str, str], *, there: bool) -> Whose | None:
    """Whose a session is by the labels of something of it; None for a live one of this user's.

    Args:
        record: this user's.
        me: this user.
        labels: of a container, a volume or a network.
        there: whether its bench exists.
    """
    row = record.session(labels[SESSION])
    by = labels.get(owner.OWNER)
    if by is None and row is not None:
        # Made by an earlier version, which named no owner.
        by = me
    if by != me:
        return "theirs" if there or _young(labels) else "unknown"
    # The record first: a learner's bench of an earlier version bears the process that made its
    # pack's image, which ended long ago.
    if labels.get(owner.PROCESS) and (row is None or row.mode in PASSING):
        return "mine" if owner.ended(labels) else None
    if labels.get(owner.WAITING) and row is not None and (row.mode, row.ended) == (WAITING, None):
        return "mine" if owner.ended(labels, owner.WAITING) else None
    if _young(labels) and (row is None or row.ended is None):
        return None
    if row is None:
        return "unknown"
    return None if row.ended is None and there else "mine"


def _young(labels: Mapping[str, str]) -> bool:
    try:
        made = datetime.fromisoformat(labels.get("infralab.created", ""))
        return datetime.now(UTC) - made < YOUNG
    except (ValueError, TypeError):
        return False


def _used(client: Any, tag: str) -> bool:
    with engine.explain(f"looking who uses {tag}"):
        if client.api.containers(all=True, filters={"ancestor": tag}):
            return True
    return False


async def in_benches(record: Record, on_problem: Callable[[str], None]) -> list[Leftover]:
    """What bears a mark in a live bench, but is not in that bench's ledger."""
    found: list[Leftover] = []
    for row in record.open_sessions():
        bench = Bench.running(row.id)
        if bench is None:
            continue
        connection = Connection(relay_argv(bench))
        try:
            # Without the lease: somebody may be at work there.
            await connection.open(look_on=True)
            owned = await connection.request(p.Owned, p.OwnedReport)
        except InfralabError as error:
            on_problem(f"bench of session {row.id}: {error.message}")
            continue
        finally:
            await connection.close()
        found += [
            Leftover("bench", key, row.id, session)
            for session, keys in owned.marked.items()
            for key in keys
            if session != row.id or key not in owned.standing
        ]
    return found


async def sweep(things: Sequence[Leftover]) -> list[tuple[Leftover, str]]:
    """Remove what was listed, except what is somebody else's. Gives what is left, with the reason.

    What is in a bench is removed by that bench's agent, one by one and only by its mark.
    """
    left: list[tuple[Leftover, str]] = []
    things = [thing for thing in things if thing.whose != "theirs"]
    for session in {thing.name for thing in things if thing.where == "bench"}:
        bench = Bench.find(session)
        if bench is None:
            continue
        connection = Connection(relay_argv(bench))
        mine = [t for t in things if t.where == "bench" and t.name == session]
        try:
            # With the lease, which is not taken from anybody: where somebody works nothing is
            # removed.
            await connection.open()
            await connection.request(
                p.Sweep, list[str], marks=tuple((t.session, t.kind) for t in mine)
            )
        except InfralabError as error:
            left += [(thing, error.message) for thing in mine]
        finally:
            await connection.close()
    host = [thing for thing in things if thing.where == "host"]
    client = engine.connect()
    # Before the volumes: the session's state volume knows the devices' numbers.
    for thing in (thing for thing in host if thing.kind == "loop"):
        try:
            loops.detach(client, thing.session, thing.name)
        except (InfralabError, docker_errors.DockerException) as error:
            left.append((thing, str(error)))
    holdings = {
        inventory.Holding(thing.kind, thing.name): thing for thing in host if thing.kind != "loop"
    }
    left += [(holdings[holding], why) for holding, why in inventory.remove(holdings)]
    return left
