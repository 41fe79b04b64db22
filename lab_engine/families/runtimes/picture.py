"""Containers of runc, crun and containerd, as parts of the picture."""

from __future__ import annotations

from lab_engine.families.drawing import Node, Parts, Questions
from lab_engine.families.runtimes.probes import (
    ContainerdContainer,
    ContainerdProbe,
    RuntimeContainer,
    RuntimeContainersProbe,
)


async def read(questions: Questions, parts: Parts) -> None:
    """Add them; those of one namespace of containerd hang on it."""
    (runtimes, daemon) = await questions.all([RuntimeContainersProbe(), ContainerdProbe()])
    for one in runtimes.containers if runtimes else ():
        _runtime(one, parts)
    for container in daemon.containers if daemon else ():
        _containerd(container, parts)


def _runtime(one: RuntimeContainer, parts: Parts) -> None:
    facts = [("runtime", one.runtime), ("bundle", one.bundle)]
    facts += [("first process", str(one.pid))] if one.pid else []
    state = f"{one.status}, by {one.runtime}"
    running = one.status == "running"
    key = f"runtime-container/{one.runtime}/{one.id}"
    parts.add(Node(key, "runtime-container", one.id, state, running, tuple(facts)))


def _containerd(one: ContainerdContainer, parts: Parts) -> None:
    key = f"containerd-container/{one.namespace}/{one.id}"
    segment = f"containerd-namespace/{one.namespace}"
    facts = [("image", one.image or "none"), ("runtime", one.runtime)]
    facts += [("first process", str(one.pid))] if one.pid else []
    state = one.status.lower() or "no task"
    parts.add(Node(segment, "containerd-namespace", one.namespace))
    parts.add(
        Node(key, "containerd-container", one.id, state, one.status == "RUNNING", tuple(facts))
    )
    parts.join(key, segment)
