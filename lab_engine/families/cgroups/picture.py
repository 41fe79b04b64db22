"""Control groups made by hand, as parts of the picture: what each one may have, and has had."""

from __future__ import annotations

from lab_engine.families.cgroups.probes import CgroupsProbe
from lab_engine.families.drawing import Node, Parts, Questions
from lab_engine.families.files.probes import CgroupProbe, CgroupReading


async def read(questions: Questions, parts: Parts) -> None:
    """Add the groups; the state is how many processes are in one, and the facts its limits."""
    (there,) = await questions.all([CgroupsProbe()])
    groups = there.groups if there else ()
    found = await questions.all([CgroupProbe(path=one.path) for one in groups])
    for one, limits in zip(groups, found, strict=True):
        state = f"{one.processes} process{'' if one.processes == 1 else 'es'}"
        facts = _facts(limits) if limits else ()
        name = one.path.lstrip("/")
        parts.add(Node(f"cgroup{one.path}", "cgroup", name, state, one.processes > 0, facts))


def _facts(one: CgroupReading) -> tuple[tuple[str, str], ...]:
    facts = []
    if one.memory is not None:
        facts.append(("memory", f"{one.memory >> 20} MiB at most"))
    if one.cpus is not None:
        facts.append(("processor", f"{one.cpus:g} of one"))
    if one.pids is not None:
        facts.append(("processes", f"{one.pids} at most"))
    for word, count in (("killed", one.oom_kills), ("refused", one.refused)):
        if count:
            facts.append((word, str(count)))
    return tuple(facts)
