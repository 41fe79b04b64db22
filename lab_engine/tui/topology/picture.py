"""What is in the bench, as data: nodes and what connects them."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Final, Literal

Kind = Literal["vm", "container", "namespace", "bridge", "network", "link", "volume", "bench"]
PLACES: Final = ("bench", "vm", "container", "namespace")
SEGMENTS: Final = ("network", "bridge", "link")
WORDS: Final[dict[str, str]] = {
    "vm": "VM",
    "container": "container",
    "namespace": "namespace",
    "bridge": "bridge",
    "network": "network",
    "link": "link",
    "volume": "volume",
    "bench": "the bench",
}
RECENT: Final = 6.0
"""Seconds for which a change is marked."""


@dataclass(frozen=True, slots=True)
class Node:
    """A thing that is there.

    Args:
        key: unique in the picture, such as `container/web`.
        kind: what it is.
        name: what the learner calls it.
        state: the word for how it is: `running`, `exited`, `up`.
        on: whether it works: a filled sign, else an empty one.
        facts: name and value of what is worth knowing, the most important first.
        target: the target of a shell in it; empty when there is none.
        changed_at: `time.monotonic()` of the last change; 0 for what was there at first.
    """

    key: str
    kind: Kind
    name: str
    state: str = ""
    on: bool = True
    facts: tuple[tuple[str, str], ...] = ()
    target: str = ""
    changed_at: float = 0.0

    @property
    def is_place(self) -> bool:
        return self.kind in PLACES

    def recent(self, now: float) -> bool:
        return self.changed_at > 0 and now - self.changed_at < RECENT


@dataclass(frozen=True, slots=True)
class Edge:
    """A place is attached to a segment or has a volume. `label` is its address or path there."""

    place: str
    to: str
    label: str = ""
    changed_at: float = 0.0

    @property
    def key(self) -> str:
        return f"{self.place} {self.to}"

    def recent(self, now: float) -> bool:
        return self.changed_at > 0 and now - self.changed_at < RECENT


@dataclass(frozen=True, slots=True)
class Picture:
    """Everything that was read at one moment. `gone` is what has just left, and when."""

    nodes: tuple[Node, ...] = ()
    edges: tuple[Edge, ...] = ()
    gone: tuple[tuple[Node, float], ...] = ()
    troubles: tuple[str, ...] = ()
    """What could not be read, in words."""

    def node(self, key: str) -> Node | None:
        return next((node for node in self.nodes if node.key == key), None)

    def edges_of(self, key: str) -> tuple[Edge, ...]:
        return tuple(edge for edge in self.edges if key in (edge.place, edge.to))

    @property
    def places(self) -> tuple[Node, ...]:
        return tuple(node for node in self.nodes if node.is_place)

    @property
    def segments(self) -> tuple[Node, ...]:
        return tuple(node for node in self.nodes if node.kind in SEGMENTS)

    @property
    def volumes(self) -> tuple[Node, ...]:
        return tuple(node for node in self.nodes if node.kind == "volume")

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
