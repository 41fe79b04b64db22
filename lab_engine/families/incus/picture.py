"""A cloud as parts of the picture: its pool, a lane for each tenant, and what each has rented.

The pool says how much memory is rented out and how much of that is used. The facts of a project
are its bill so far.
"""

from __future__ import annotations

from typing import Final

from lab_engine.families.drawing import Node, Parts, Questions
from lab_engine.families.incus.probes import (
    IncusInstanceReading,
    IncusInstancesProbe,
    IncusProjectReading,
    IncusProjectsProbe,
    IncusServerProbe,
    IncusServerReading,
    IncusTrustProbe,
    IncusTrustReading,
)
from lab_engine.families.incus.resources import NETWORK, SUBNET, local_name

_BAR: Final = 10
"""Letters of the pool's bar."""
_LIMIT: Final = "limits.instances"


async def read(questions: Questions, parts: Parts) -> None:
    """Add the pool, the network, the projects and their instances."""
    instances, projects, server, trust = await questions.all(
        [IncusInstancesProbe(), IncusProjectsProbe(), IncusServerProbe(), IncusTrustProbe()]
    )
    found = instances.instances if instances else ()
    _network(parts)
    if server:
        _pool(found, server, parts)
    for project in projects.projects if projects else ():
        its = tuple(one for one in found if one.project == project.name)
        # The first one is there without anybody's wish, and a lane only for who lives in it.
        if its or project.name != "default":
            _project(project, its, trust, parts)
    for one in found:
        _instance(one, parts)


def _network(parts: Parts) -> None:
    key = f"incus-network/{NETWORK}"
    parts.add(Node(key, "incus-network", NETWORK, facts=(("subnet", SUBNET),)))
    parts.bridges[NETWORK] = key


def bar(part: int, whole: int) -> str:
    """How full something is.

    >>> bar(3, 10)
    '###.......'
    """
    filled = min(_BAR, round(_BAR * part / whole)) if whole else 0
    return "#" * filled + "." * (_BAR - filled)


def _pool(
    found: tuple[IncusInstanceReading, ...], server: IncusServerReading, parts: Parts
) -> None:
    running = [one for one in found if one.running]
    rented = sum(one.memory or 0 for one in running)
    used = sum(one.memory_used for one in running)
    facts = [
        ("rented", f"{_mib(rented)} of {_mib(server.memory)}"),
        ("used", _mib(used)),
        ("instances", f"{len(running)} running, {len(found) - len(running)} not"),
    ]
    if unlimited := sum(one.memory is None for one in running):
        facts.append(("without a limit", str(unlimited)))
    if api := server.config.get("core.https_address"):
        facts.append(("API", api))
    state = bar(rented, server.memory)
    parts.add(Node("incus-pool/pool", "incus-pool", "pool", state, facts=tuple(facts)))


def _project(
    project: IncusProjectReading,
    its: tuple[IncusInstanceReading, ...],
    trust: IncusTrustReading | None,
    parts: Parts,
) -> None:
    running = [one for one in its if one.running]
    most = project.config.get(_LIMIT, "")
    facts = [
        ("instances", f"{len(its)} of {most}" if most else str(len(its))),
        ("memory", _mib(sum(one.memory_used for one in running))),
        ("bill", f"{sum(one.cpu_seconds for one in its):.0f} CPU seconds"),
    ]
    clients = trust.certificates if trust else ()
    facts += [("customer", one.name) for one in clients if project.name in one.projects]
    key = f"incus-project/{project.name}"
    state = f"{len(its)} of {most}" if most else f"{len(its)} rented"
    parts.add(Node(key, "incus-project", project.name, state, facts=tuple(facts)))


def _instance(one: IncusInstanceReading, parts: Parts) -> None:
    name = local_name(one.project, one.name)
    key = f"incus-instance/{name}"
    limit = _mib(one.memory) if one.memory is not None else "no limit"
    facts = [("project", one.project), ("state", one.status.lower()), ("memory", limit)]
    facts += [("address", address) for address in one.addresses]
    if one.running:
        facts.append(("CPU used", f"{one.cpu_seconds:.0f} s"))
    shell = f"incus:{name}" if one.running else ""
    state = one.status.lower()
    parts.add(Node(key, "incus-instance", one.name, state, one.running, tuple(facts), shell))
    parts.join(key, f"incus-project/{one.project}", limit if one.memory is not None else "")
    parts.join(key, f"incus-network/{NETWORK}", one.addresses[0] if one.addresses else "")


def _mib(size: int) -> str:
    return f"{size >> 20} MiB"
