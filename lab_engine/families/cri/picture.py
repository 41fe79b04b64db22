"""Pods, as parts of the picture: what hangs on one is a container in it."""

from __future__ import annotations

from lab_engine.families.cri.probes import CriProbe
from lab_engine.families.drawing import Node, Parts, Questions


async def read(questions: Questions, parts: Parts) -> None:
    """Add each pod with its containers."""
    (told,) = await questions.all([CriProbe()])
    for pod in told.pods if told else ():
        key = f"cri-pod/{pod.id}"
        facts = [("namespace", pod.namespace)]
        facts += [("held by process", str(pod.pid))] if pod.pid else []
        state = "ready" if pod.ready else "not ready"
        parts.add(Node(key, "cri-pod", pod.name, state, pod.ready, tuple(facts)))
        for one in pod.containers:
            its = [("image", one.image), ("pod", pod.name)]
            its += [("first process", str(one.pid))] if one.pid else []
            name = f"cri-container/{one.id}"
            running = one.state == "running"
            parts.add(Node(name, "cri-container", one.name, one.state, running, tuple(its)))
            parts.join(name, key)
