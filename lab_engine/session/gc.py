"""What is ours and belongs to no live session, on the host and in the benches (client side).

Ours is what bears an `infralab.session` label, or a mark of a session in a bench. A session is live
while it is open in this user's record and its bench exists. What another user's record may know is
listed, and left alone unless it is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from docker import errors as docker_errors

from lab_engine import protocol as p
from lab_engine.bench import engine, inventory, loops
from lab_engine.bench.container import Bench
from lab_engine.bench.link import Link, relay_argv
from lab_engine.errors import InfralabError
from lab_engine.session.record import Record

Where = Literal["host", "bench"]
SESSION: Final = "infralab.session"


@dataclass(frozen=True, slots=True)
class Leftover:
    """One thing without a live session. `foreign`: this user's record does not know its session."""

    where: Where
    kind: str
    name: str
    session: str
    foreign: bool = False


def leftovers(record: Record) -> list[Leftover]:
    """Everything on the host that belongs to no live session, in the order of its removal.

    Raises DockerUnavailable when no engine answers.
    """
    client = engine.connect()
    ours = {"label": SESSION}
    with engine.explain("listing what belongs to sessions"):
        containers = client.api.containers(all=True, filters=ours)
        volumes = client.api.volumes(filters=ours).get("Volumes") or []
        networks = client.api.networks(filters=ours)
    things = [
        *(("container", c["Names"][0].lstrip("/"), c["Labels"][SESSION]) for c in containers),
        *(("network", n["Name"], n["Labels"][SESSION]) for n in networks),
        *(("volume", v["Name"], v["Labels"][SESSION]) for v in volumes),
    ]
    benches = {session for kind, _, session in things if kind == "container"}
    live = {row.id for row in record.open_sessions()} & benches
    found = [
        Leftover("host", "loop", loop.device, loop.session, record.session(loop.session) is None)
        for loop in loops.orphans(client, benches)
    ]
    found += [
        Leftover("host", kind, name, session, record.session(session) is None)
        for kind, name, session in things
        if session not in live
    ]
    found += [
        Leftover("host", "image", row.tag, "")
        for row in inventory.images()
        if not row.wanted and not _used(client, row.tag)
    ]
    return found


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
        link = Link(relay_argv(bench))
        try:
            await link.open(watch=True)
            owned = await link.request(p.Owned, p.OwnedReport)
        except InfralabError as error:
            on_problem(f"bench of session {row.id}: {error.message}")
            continue
        finally:
            await link.close()
        found += [
            Leftover("bench", key, row.id, session)
            for session, keys in owned.marked.items()
            for key in keys
            if session != row.id or key not in owned.standing
        ]
    return found


async def sweep(things: Sequence[Leftover]) -> list[tuple[Leftover, str]]:
    """Remove what was listed. Gives what is left, each with the reason.

    What is in a bench is removed by that bench's agent, one by one and only by its mark.
    """
    left: list[tuple[Leftover, str]] = []
    for session in {thing.name for thing in things if thing.where == "bench"}:
        bench = Bench.find(session)
        if bench is None:
            continue
        link = Link(relay_argv(bench))
        mine = [t for t in things if t.where == "bench" and t.name == session]
        try:
            await link.open()
            await link.request(p.Sweep, list[str], marks=tuple((t.session, t.kind) for t in mine))
        except InfralabError as error:
            left += [(thing, error.message) for thing in mine]
        finally:
            await link.close()
    host = [thing for thing in things if thing.where == "host"]
    client = engine.connect()
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
