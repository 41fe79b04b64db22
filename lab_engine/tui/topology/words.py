"""The picture in sentences, for readers who do not see it."""

from __future__ import annotations

from collections.abc import Iterator

from lab_engine.families.drawing import Node, Picture


def say(picture: Picture, now: float) -> Iterator[str]:
    """A sentence for each thing that is there, and one for each that has just gone."""
    if not picture.nodes:
        yield "There is nothing here yet."
    for node in picture.places:
        joined = [
            _joined(other, edge.label)
            for edge in picture.edges_of(node.key)
            if (other := picture.node(edge.to)) is not None
        ]
        tail = ": " + "; ".join(joined) if joined else ""
        yield f"{_called(node, now)}{tail}."
    for node in (*picture.segments, *picture.stores):
        facts = "".join(f", {name} {value}" for name, value in node.facts)
        yield f"{_called(node, now)}{facts}{_alone(node, picture)}."
    for node, _ in picture.gone:
        yield f"Just gone: {node.drawn.word} {node.name}."
    for trouble in picture.troubles:
        yield f"Could not be read: {trouble}"


def _alone(node: Node, picture: Picture) -> str:
    """How a segment or a store is used, as far as no place has said so."""
    if node.drawn.role != "store":
        return "" if picture.edges_of(node.key) else ", nothing is on it"
    pool = picture.pool_of(node.key)
    inside = f", in {pool.drawn.word} {pool.name}" if pool else ""
    # A pool has volumes, and no place has a pool.
    unused = not picture.users(node.key) and not any(
        edge.to == node.key for edge in picture.edges_of(node.key)
    )
    return inside + (", not used" if unused else "")


def _called(node: Node, now: float) -> str:
    new = "Just changed: " if node.recent(now) else ""
    state = f", {node.state}" if node.state else ""
    word = node.drawn.word
    name = "" if node.kind == "bench" else f" {node.name}"
    return f"{new}{word[0].upper()}{word[1:]}{name}{state}"


def _joined(other: Node, label: str) -> str:
    if other.drawn.role == "store":
        return f"{other.drawn.word} {other.name} at {label}"
    return f"{other.drawn.word} {other.name}" + (f" as {label}" if label else "")
