"""Repositories, as parts of the picture."""

from __future__ import annotations

from pathlib import PurePosixPath

from lab_engine.families.drawing import Node, Parts, Questions
from lab_engine.families.git.probes import (
    GitRepositoriesProbe,
    GitRepositoryProbe,
    GitRepositoryReading,
)

SHORT = 7
"""Digits of an id that git shows, too."""


async def read(questions: Questions, parts: Parts) -> None:
    """Add the repositories; the state is the branch and the commit that each stands on."""
    (there,) = await questions.all([GitRepositoriesProbe()])
    paths = there.paths if there else ()
    found = await questions.all([GitRepositoryProbe(path) for path in paths])
    for path, one in zip(paths, found, strict=True):
        if one is not None and one.exists:
            parts.add(_node(path, one))


def _node(path: str, one: GitRepositoryReading) -> Node:
    stands = one.head or "a commit"
    state = f"{stands} {one.commit[:SHORT]}" if one.commit else "no commit yet"
    facts = [("folder", path), ("kind", "bare" if one.bare else "with a work tree")]
    facts += [
        (name.removeprefix("refs/heads/"), commit[:SHORT]) for name, commit in one.refs.items()
    ]
    facts += [(f"remote {name}", url) for name, url in one.remotes.items()]
    facts += [
        (f"hook {name}", "" if runs else "not executable") for name, runs in one.hooks.items()
    ]
    if one.changed:
        facts.append(("not committed", " ".join(one.changed[:5])))
    return Node(
        f"git-repository/{path}",
        "git-repository",
        PurePosixPath(path).name,
        state,
        bool(one.commit),
        tuple(facts),
    )
