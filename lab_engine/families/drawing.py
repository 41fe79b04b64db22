"""How a family is drawn: nodes and what connects them, and the questions that find them."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final, Protocol

import msgspec

from lab_engine.common.probe import Answer, Probe
from lab_engine.families.family import Drawn
from lab_engine.families.registry import FAMILIES
from lab_engine.shown import shown

Ask = Callable[[Sequence[Probe[Any]]], Awaitable[Sequence[Answer]]]

BENCH: Final = Drawn("the bench", "place", "⌂")
DRAWN: Final[dict[str, Drawn]] = {"bench": BENCH} | {
    kind: drawn for family in FAMILIES.values() for kind, drawn in family.drawn.items()
}
"""Every kind of thing in the picture."""
RECENT: Final = 6.0
"""Seconds for which a change is marked."""


@dataclass(frozen=True, slots=True)
class Node:
    """A thing that is there.

    Args:
        key: unique in the picture, such as `container/web`.
        kind: what it is, a key of `DRAWN`.
        name: what the learner calls it.
        state: the word for how it is: `running`, `exited`, `up`.
        on: whether it works: a filled sign, else an empty one.
        facts: name and value of what is worth knowing, the most important first.
        target: the target of a shell in it; empty when there is none.
        changed_at: `time.monotonic()` of the last change; 0 for what was there at first.
    """

    key: str
    kind: str
    name: str
    state: str = ""
    on: bool = True
    facts: tuple[tuple[str, str], ...] = ()
    target: str = ""
    changed_at: float = 0.0

    def __post_init__(self) -> None:
        # Names and facts are the learner's and the guests' own words.
        facts = tuple((shown(name), shown(value)) for name, value in self.facts)
        for field, value in (
            ("name", shown(self.name)),
            ("state", shown(self.state)),
            ("facts", facts),
        ):
            object.__setattr__(self, field, value)

    @property
    def drawn(self) -> Drawn:
        return DRAWN[self.kind]

    @property
    def is_place(self) -> bool:
        return self.drawn.role == "place"

    def recent(self, now: float) -> bool:
        return self.changed_at > 0 and now - self.changed_at < RECENT


@dataclass(frozen=True, slots=True)
class Edge:
    """A place is on a segment or has a volume, or a volume is in a pool.

    `label` is its address there, or its path.
    """

    place: str
    to: str
    label: str = ""
    changed_at: float = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "label", shown(self.label))

    @property
    def key(self) -> str:
        return f"{self.place} {self.to}"

    def recent(self, now: float) -> bool:
        return self.changed_at > 0 and now - self.changed_at < RECENT


@dataclass(frozen=True)
class Picture:
    """Everything that was read at one moment. `gone` is what has just left, and when.

    What is asked for by key is looked up, since questions that go through all nodes or edges make
    drawing hundreds of boxes a matter of their square. The indexes need a `__dict__`: no slots.
    """

    nodes: tuple[Node, ...] = ()
    edges: tuple[Edge, ...] = ()
    gone: tuple[tuple[Node, float], ...] = ()
    troubles: tuple[str, ...] = ()
    """What could not be read, in words."""

    def node(self, key: str) -> Node | None:
        return self._by_key.get(key)

    def edges_of(self, key: str) -> tuple[Edge, ...]:
        return tuple(self._edges_at.get(key, ()))

    @cached_property
    def places(self) -> tuple[Node, ...]:
        return tuple(node for node in self.nodes if node.is_place)

    @cached_property
    def segments(self) -> tuple[Node, ...]:
        return tuple(node for node in self.nodes if node.drawn.role == "segment")

    @cached_property
    def stores(self) -> tuple[Node, ...]:
        return tuple(node for node in self.nodes if node.drawn.role == "store")

    def users(self, store: str) -> tuple[Edge, ...]:
        """From the places that have the store with this key."""
        return tuple(
            edge
            for edge in self._edges_at.get(store, ())
            if edge.to == store
            and (place := self._by_key.get(edge.place)) is not None
            and place.is_place
        )

    def pool_of(self, volume: str) -> Node | None:
        """The store that the store with this key is in."""
        edges = self._edges_at.get(volume, ())
        return next((self.node(edge.to) for edge in edges if edge.place == volume), None)

    @cached_property
    def _by_key(self) -> dict[str, Node]:
        # The first of a name, should there be two.
        return {node.key: node for node in reversed(self.nodes)}

    @cached_property
    def _edges_at(self) -> dict[str, list[Edge]]:
        """By the key of either end, in the picture's order."""
        found: dict[str, list[Edge]] = {}
        for edge in self.edges:
            for key in {edge.place: None, edge.to: None}:
                found.setdefault(key, []).append(edge)
        return found

    def since(self, before: Picture | None, now: float | None = None) -> Picture:
        """The same with the time of each change, against what was seen before."""
        if before is None:
            return self
        now = time.monotonic() if now is None else now
        old_nodes = {node.key: node for node in before.nodes}
        old_edges = {edge.key: edge for edge in before.edges}
        nodes = tuple(_node_since(node, old_nodes.get(node.key), now) for node in self.nodes)
        edges = tuple(_edge_since(edge, old_edges.get(edge.key), now) for edge in self.edges)
        here = {node.key for node in self.nodes}
        gone = [(node, at) for node, at in before.gone if now - at < RECENT]
        gone += [(node, now) for node in before.nodes if node.kind != "link"]
        gone = [(node, at) for node, at in gone if node.key not in here]
        return replace(self, nodes=nodes, edges=edges, gone=tuple(gone))


def _node_since(node: Node, old: Node | None, now: float) -> Node:
    if old is None:
        return replace(node, changed_at=now)
    same = (old.state, old.facts) == (node.state, node.facts)
    return replace(node, changed_at=old.changed_at if same else now)


def _edge_since(edge: Edge, old: Edge | None, now: float) -> Edge:
    if old is None:
        return replace(edge, changed_at=now)
    return replace(edge, changed_at=old.changed_at if old.label == edge.label else now)


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
        # Not `if not answer.reading`: a `msgspec.Raw` is true even when it is empty.
        if answer.problem:
            if answer.problem not in self.troubles:
                self.troubles.append(answer.problem)
            return None
        reading = msgspec.json.decode(answer.reading, type=probe.reading)
        return reading if getattr(reading, "exists", True) else None


class Parts:
    """The nodes and edges found so far.

    `bridges` are interfaces of the bench that a segment stands for. `ports` are those that are on
    a segment in another way than as ports of a bridge. Both map a name to the segment's key.
    """

    def __init__(self) -> None:
        self.nodes: dict[str, Node] = {}
        self.edges: list[Edge] = []
        self.bridges: dict[str, str] = {}
        self.ports: dict[str, str] = {}

    def add(self, node: Node) -> None:
        self.nodes[node.key] = node

    def join(self, place: str, to: str, label: str = "") -> None:
        self.edges.append(Edge(place, to, label))


class Draw(Protocol):
    """What a family's `picture` module has as `read`: adds its things to the parts."""

    async def __call__(self, questions: Questions, parts: Parts) -> None: ...
