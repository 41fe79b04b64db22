"""Lay a picture out in characters.

Places are boxes in a row; a line goes down from each to the segments it is on, which are bars
across the picture:

    ┌─────────────┐ ┌─────────────┐
    │ ● web       │ │ ○ db        │
    │ container   │ │ container   │
    └─┬─────────┬─┘ └─┬───────────┘
      │.2       │.3   │
    ══●═════════│═════●════════════ ≡ my_bridge 172.18.0.0/16
                │
    ════════════●══════════════════ ≡ bridge 172.17.0.0/16

What does not fit beside goes into another row of boxes, with bars of its own. A volume that one
place has stands in its box; one that several have is a bar, as a network is. A pool is a line with
the volumes that are in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Final, Literal

from rich.cells import cell_len, set_cell_size

from lab_engine.families.drawing import Edge, Node, Picture

Look = Literal["", "frame", "name", "off", "bar", "label", "new", "chosen", "quiet"]
"""How a run is shown; the widget gives each a colour, and each has a sign or word as well."""
ON: Final = "●"
OFF: Final = "○"
NEW: Final = "✱"
INNER: Final = 12
BOX: Final = ("┌┐└┘", "─", "│", "┬")
CHOSEN_BOX: Final = ("╔╗╚╝", "═", "║", "╤")
"""Corners, flat, side, and where a line goes down."""
GAP: Final = 1


@dataclass(frozen=True, slots=True)
class Run:
    """Some characters in one look; `key` is the node that a click on them means."""

    text: str
    look: Look = ""
    key: str = ""


Line = tuple[Run, ...]


def draw(picture: Picture, width: int, *, now: float, chosen: str = "") -> list[Line]:
    """The picture in lines of at most `width` columns.

    Args:
        picture: what is there.
        width: columns there are.
        now: `time.monotonic()`, for the marks of recent changes.
        chosen: the key of the node that the learner is at.
    """
    canvas = _Drawing(picture, max(width, INNER + 4), now, chosen)
    return canvas.lines()


def _shorten(text: str, width: int) -> str:
    if cell_len(text) <= width:
        return text
    return set_cell_size(text, max(width - 1, 0)).rstrip() + "…"


class _Drawing:
    def __init__(self, picture: Picture, width: int, now: float, chosen: str) -> None:
        self.picture = picture
        self.width = width
        self.now = now
        self.chosen = chosen
        shared = [node for node in picture.stores if len(picture.users(node.key)) > 1]
        self.wires = (*picture.segments, *shared)
        """What is drawn as a bar, in this order."""
        self._order = {wire.key: n for n, wire in enumerate(self.wires)}
        self._own = {one.key: one for one in picture.stores if one.key not in self._order}
        """Stores that stand in the box of the one place that has them."""
        self._pooled: dict[str, list[Node]] = {}
        for one in picture.stores:
            if (pool := picture.pool_of(one.key)) is not None:
                self._pooled.setdefault(pool.key, []).append(one)
        # Each is asked for several times a box.
        self._links = cache(self._links_of)
        self._texts = cache(self._texts_of)
        self._inner = cache(self._inner_of)

    def lines(self) -> list[Line]:
        lines: list[Line] = []
        drawn: set[str] = set()
        for row in self._rows():
            lines += self._row(row, drawn)
        idle = [n for n in self.picture.segments if n.key not in drawn and n.kind != "link"]
        for node in idle:
            lines.append(self._bar(node, [], []))
        for node in self.picture.stores:
            lines += self._store(node)
        for node, _ in self.picture.gone:
            lines.append((Run(f"{NEW} {node.drawn.word} {node.name} is gone", "new"),))
        return lines

    # -- stores ----------------------------------------------------------------------------------

    def _store(self, node: Node) -> list[Line]:
        """A pool with what is in it, or a store that is neither used nor in a pool."""
        inside = self._pooled.get(node.key, [])
        if inside:
            return self._pool(node, inside)
        if self.picture.edges_of(node.key):
            return []
        return [(self._tag(f"{node.drawn.sign} {node.name} {node.state or 'unused'}", node),)]

    def _pool(self, node: Node, inside: list[Node]) -> list[Line]:
        down = "" if node.on else f", {node.state}"
        tags = [self._tag(f"{node.drawn.sign} {node.drawn.word} {node.name}{down}: ", node)]
        for one in inside:
            its = [self._has(edge) for edge in self.picture.users(one.key)]
            used = f" ({', '.join(its)})" if its else ""
            tags.append(self._tag(f"{one.drawn.sign} {one.name}{used}  ", one))
        lines: list[list[Run]] = [[]]
        used_up = 0
        for tag in tags:
            if lines[-1] and used_up + cell_len(tag.text.rstrip()) > self.width:
                lines.append([Run("  ")])
                used_up = 2
            room = self.width - used_up
            text = tag.text if cell_len(tag.text) <= room else _shorten(tag.text.rstrip(), room)
            lines[-1].append(Run(text, tag.look, tag.key))
            used_up += cell_len(text)
        return [tuple(line) for line in lines]

    def _has(self, edge: Edge) -> str:
        place = self.picture.node(edge.place)
        return f"{edge.label} of {place.name if place else edge.place}"

    # -- boxes -----------------------------------------------------------------------------------

    def _rows(self) -> list[list[Node]]:
        """Places, as many in a row as fit beside each other."""
        rows: list[list[Node]] = []
        used = self.width
        for node in self.picture.places:
            wide = self._inner(node) + 4
            if not rows or used + GAP + wide > self.width:
                rows.append([])
                used = -GAP
            rows[-1].append(node)
            used += GAP + wide
        return rows

    def _links_of(self, node: Node) -> list[Edge]:
        """What the place is on, in the order of the bars."""
        mine = [edge for edge in self.picture.edges_of(node.key) if edge.to in self._order]
        return sorted(mine, key=lambda edge: self._order[edge.to])

    def _inner_of(self, node: Node) -> int:
        """The width inside the box: its texts, and room for the address at each line down."""
        texts = [cell_len(text) for text in self._texts(node)]
        stems = sum(len(edge.label) + 2 for edge in self._links(node))
        return min(max(INNER, stems, *texts), self.width - 4)

    def _texts_of(self, node: Node) -> list[str]:
        new = f" {NEW}" if node.recent(self.now) else ""
        if node.kind == "bench":
            return [f"{node.drawn.sign} the bench{new}"]
        sign = ON if node.on else OFF
        kind = f"{node.drawn.sign} {node.drawn.word}".strip()
        state = f", {node.state}" if node.state and node.state != "running" else ""
        texts = [f"{sign} {node.name}{new}", f"{kind}{state}"]
        texts += [
            f"{own.drawn.sign} {own.name} at {edge.label}"
            for edge in self.picture.edges_of(node.key)
            if (own := self._own.get(edge.to)) is not None
        ]
        return texts

    def _row(self, row: list[Node], drawn: set[str]) -> list[Line]:
        boxes = [self._box(node) for node in row]
        height = max(len(box) for box in boxes)
        stems = [
            self._addresses(node, self._inner(node), edges) if edges else None
            for node, edges in ((node, self._links(node)) for node in row)
        ]
        lines: list[Line] = []
        for n in range(height):
            line: list[Run] = []
            for node, box in zip(row, boxes, strict=True):
                # Shorter boxes hang from the bottom, where their lines go down from.
                at = n - (height - len(box))
                line += box[at] if at >= 0 else (Run(" " * (self._inner(node) + 4)),)
                line.append(Run(" " * GAP))
            lines.append(tuple(line))
        if any(stems):
            below: list[Run] = []
            for node, stem in zip(row, stems, strict=True):
                below += [stem or Run(" " * (self._inner(node) + 4)), Run(" " * GAP)]
            lines.append(tuple(below))
        return lines + self._bars(row, drawn)

    def _box(self, node: Node) -> list[Line]:
        inner = self._inner(node)
        frame: Look = "chosen" if node.key == self.chosen else "frame"
        corners, flat, side, stem = CHOSEN_BOX if node.key == self.chosen else BOX
        foot = list(flat * (inner + 2))
        for column in self._stems(node, inner):
            foot[column] = stem
        head = corners[0] + flat * (inner + 2) + corners[1]
        lines: list[Line] = [(Run(head, frame, node.key),)]
        for n, text in enumerate(self._texts(node)):
            look: Look = "new" if n == 0 and node.recent(self.now) else "name" if n == 0 else ""
            look = "off" if not node.on and look != "new" else look
            shown = set_cell_size(_shorten(text, inner), inner)
            lines.append(
                (
                    Run(f"{side} ", frame, node.key),
                    Run(shown, look, node.key),
                    Run(f" {side}", frame, node.key),
                )
            )
        lines.append((Run(corners[2] + "".join(foot) + corners[3], frame, node.key),))
        return lines

    def _stems(self, node: Node, inner: int) -> list[int]:
        """Where the lines go down, from the box's left edge (its corner not counted)."""
        columns, at = [], 1
        for edge in self._links(node):
            columns.append(min(at, inner + 1))
            at += len(edge.label) + 2
        return columns

    def _addresses(self, node: Node, inner: int, edges: list[Edge]) -> Run:
        text = [" "] * (inner + 4)
        for column, edge in zip(self._stems(node, inner), edges, strict=True):
            text[column + 1] = "│"
            for n, character in enumerate(edge.label):
                if column + 2 + n < len(text):
                    text[column + 2 + n] = character
        new = any(edge.recent(self.now) for edge in edges)
        return Run("".join(text), "new" if new else "label", node.key)

    # -- bars ------------------------------------------------------------------------------------

    def _bars(self, row: list[Node], drawn: set[str]) -> list[Line]:
        """What this row is on, and the lines that go through to later bars."""
        stems: list[tuple[int, str]] = []
        left = 0
        for node in row:
            inner = self._inner(node)
            for column, edge in zip(self._stems(node, inner), self._links(node), strict=True):
                stems.append((left + column + 1, edge.to))
            left += inner + 4 + GAP
        keys = {key for _, key in stems}
        order = [self.wires[n] for n in sorted(self._order[key] for key in keys)]
        lines: list[Line] = []
        for n, segment in enumerate(order):
            here = [column for column, key in stems if key == segment.key]
            later = {s.key for s in order[n + 1 :]}
            through = [column for column, key in stems if key in later]
            lines.append(self._bar(segment, here, through))
            drawn.add(segment.key)
            if through:
                text = "".join("│" if c in through else " " for c in range(max(through) + 1))
                lines.append((Run(text, "label"),))
        return lines

    def _bar(self, node: Node, here: list[int], through: list[int]) -> Line:
        subnet = next((v for n, v in node.facts if n in ("subnet", "address")), "")
        new = node.recent(self.now)
        down = "" if node.on else f", {node.state}"
        line = node.drawn.line
        word = "" if node.kind == "link" else f"{node.drawn.word} "
        mark = f" {NEW}" if new else ""
        sign = node.drawn.sign or (ON if node.on else OFF)
        shortest = max([*here, *through], default=0) + 2
        room = max(self.width - shortest, 6)
        label = next(
            (
                text
                for lead, tail in ((word, f" {subnet}"), ("", f" {subnet}"), ("", ""))
                if cell_len(text := f" {sign} {lead}{node.name}{down}{tail}".rstrip() + mark)
                <= room
            ),
            f" {sign} {node.name}{mark}",
        )
        wide = max(shortest, min(self.width // 2, self.width - cell_len(label)))
        drawn = "".join("●" if c in here else "│" if c in through else line for c in range(wide))
        look: Look = "chosen" if node.key == self.chosen else "new" if new else "bar"
        return (Run(drawn, look, node.key), Run(_shorten(label, room), look, node.key))

    def _tag(self, text: str, node: Node) -> Run:
        look: Look = "chosen" if node.key == self.chosen else "quiet"
        look = "new" if node.recent(self.now) else look
        return Run(text, look, node.key)
