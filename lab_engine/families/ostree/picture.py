"""Repositories and deployed systems, as parts of the picture."""

from __future__ import annotations

from pathlib import PurePosixPath

from lab_engine.families.drawing import Node, Parts, Questions
from lab_engine.families.ostree.probes import (
    Deployment,
    OstreeRepositoryProbe,
    OstreeRepositoryReading,
    OstreesProbe,
    OstreeSysrootProbe,
)

SHORT = 10
"""Digits of a checksum that are enough to tell two."""


async def read(questions: Questions, parts: Parts) -> None:
    """Add repositories with their branches, and what each disk would start, first the default."""
    (there,) = await questions.all([OstreesProbe()])
    if there is None:
        return
    kept = await questions.all([OstreeRepositoryProbe(path) for path in there.repositories])
    for path, one in zip(there.repositories, kept, strict=True):
        if one is not None and one.exists:
            parts.add(_repository(path, one))
    disks = await questions.all([OstreeSysrootProbe(path) for path in there.sysroots])
    for path, disk in zip(there.sysroots, disks, strict=True):
        for at, deployment in enumerate(disk.deployments if disk else ()):
            parts.add(_deployment(path, deployment, at))


def _repository(path: str, one: OstreeRepositoryReading) -> Node:
    facts = [("folder", path), ("kept as", one.mode)]
    facts += [(branch, commit[:SHORT]) for branch, commit in sorted(one.refs.items())]
    facts += [(f"remote {name}", url) for name, url in one.remotes.items()]
    branches = len(one.refs)
    return Node(
        f"ostree-repository/{path}",
        "ostree-repository",
        PurePosixPath(path).name,
        f"{branches} branch{'' if branches == 1 else 'es'}",
        branches > 0,
        tuple(facts),
    )


def _deployment(disk: str, one: Deployment, at: int) -> Node:
    facts = [("disk", disk), ("commit", one.commit[:SHORT])]
    facts += [("updates from", one.refspec)] if one.refspec else []
    facts += [("pinned", "it stays")] if one.pinned else []
    name = one.title.partition(" (ostree:")[0] or one.os
    return Node(
        f"ostree-deployment/{disk}/{one.commit}.{one.serial}",
        "ostree-deployment",
        f"{PurePosixPath(disk).name}: {name}",
        "starts" if at == 0 else f"number {at}",
        at == 0,
        tuple(facts),
    )
