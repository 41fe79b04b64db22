"""Ask the bench what is there, and make a picture of the answers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import msgspec

from lab_engine.errors import InfralabError
from lab_engine.probes.base import Probe
from lab_engine.protocol import Answer
from lab_engine.tui.topology.picture import Edge, Node, Picture

Ask = Callable[[Sequence[Probe[Any]]], Awaitable[Sequence[Answer]]]


class Questions:
    """Asks in batches; what has no answer is left out, and said once."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self.troubles: list[str] = []

    async def all(self, probes: Sequence[Probe[Any]]) -> list[Any]:
        """The readings in the order of the probes; None where there is none."""
        if not probes:
            return []
        answers = await self._ask(probes)
        return [self._read(p, a) for p, a in zip(probes, answers, strict=True)]

    def _read(self, probe: Probe[Any], answer: Answer) -> Any:
        raw = answer.reading
        if not raw:
            if answer.problem not in self.troubles:
                self.troubles.append(answer.problem)
            return None
        reading = msgspec.json.decode(raw, type=probe.reading)
        return reading if getattr(reading, "exists", True) else None


class Parts:
    """The nodes and edges found so far. `bridges` are interfaces that a network stands for."""

    def __init__(self) -> None:
        self.nodes: dict[str, Node] = {}
        self.edges: list[Edge] = []
        self.bridges: dict[str, str] = {}

    def add(self, node: Node) -> None:
        self.nodes[node.key] = node

    def join(self, place: str, to: str, label: str = "") -> None:
        self.edges.append(Edge(place, to, label))


class PictureReader:
    """Reads one picture after the other; each knows what changed since the one before."""

    def __init__(self) -> None:
        self._before: Picture | None = None

    async def read(self, ask: Ask, daemons: Sequence[str]) -> Picture:
        """What is there now. `daemons` are those that the step needs: the others are not woken."""
        from lab_engine.tui.topology import docker, libvirt, netlink

        questions, parts = Questions(ask), Parts()
        try:
            readers = []
            if "docker" in daemons:
                readers.append(docker.read(questions, parts))
            if "libvirt" in daemons:
                readers.append(libvirt.read(questions, parts))
            await asyncio.gather(*readers)
            await netlink.read(questions, parts)
        except InfralabError as error:
            questions.troubles.append(error.message)
        known = set(parts.nodes)
        picture = Picture(
            tuple(parts.nodes.values()),
            tuple(edge for edge in parts.edges if {edge.place, edge.to} <= known),
            troubles=tuple(questions.troubles),
        )
        self._before = picture.since(self._before)
        return self._before
