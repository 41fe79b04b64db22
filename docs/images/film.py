"""A film of a terminal as one SVG that plays by itself: no script, no player, small.

Each row of the screen that ever looked some way is drawn once; an animation of its `display` says
when it is to be seen. A viewer without animations sees the last picture.
Source: SVG 1.1, animation elements (SMIL).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from html import escape
from typing import Final

from rich.cells import cell_len
from rich.color import Color
from rich.style import Style

from lab_engine.tui.terminal.emulator import Row

WIDE: Final = 10
"""Units of a column. Whole numbers are short ones."""
HIGH: Final = 19
BASELINE: Final = 14.6
FONT: Final = 16.6
MARGIN: Final = 12
INK, PAPER = (0xE0, 0xE0, 0xE0), (0x12, 0x12, 0x12)

Triplet = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Frame:
    """What the screen showed from `at` on, in seconds."""

    at: float
    rows: tuple[Row, ...]


@dataclass
class Film:
    """A screen of `columns` by `rows`, and what it showed."""

    columns: int
    rows: int
    frames: list[Frame] = field(default_factory=list)

    def add(self, at: float, rows: Iterable[Row]) -> None:
        shown = tuple(rows)
        if not self.frames or self.frames[-1].rows != shown:
            self.frames.append(Frame(at, shown))

    def svg(self, end: float) -> str:
        """The whole film; it begins anew after `end` seconds."""
        looks: dict[str, str] = {}
        drawn: dict[str, str] = {}
        seen: dict[tuple[int, str], list[tuple[float, float]]] = {}
        for frame, until in self._spans(end):
            for number, row in enumerate(frame.rows):
                picture = _row(row, looks)
                if picture:
                    name = drawn.setdefault(picture, f"r{len(drawn)}")
                    spans = seen.setdefault((number, name), [])
                    if spans and spans[-1][1] == frame.at:
                        spans[-1] = (spans[-1][0], until)
                    else:
                        spans.append((frame.at, until))
        width, height = self.columns * WIDE + 2 * MARGIN, self.rows * HIGH + 2 * MARGIN
        rules = "".join(f".{name}{{{rule}}}" for rule, name in looks.items())
        parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}">',
            f"<style>text{{font:{FONT}px ui-monospace,Menlo,Consolas,'DejaVu Sans Mono',monospace;"
            f"fill:{_hex(INK)};white-space:pre}}rect{{shape-rendering:crispEdges}}{rules}</style><defs>",
            *(f'<g id="{name}">{picture}</g>' for picture, name in drawn.items()),
            f'</defs><rect width="{width}" height="{height}" rx="8" fill="{_hex(PAPER)}"/>',
            f'<g transform="translate({MARGIN},{MARGIN})">',
            *(_use(number, name, spans, end) for (number, name), spans in seen.items()),
            "</g></svg>",
        ]
        return "\n".join(parts) + "\n"

    def still(self, at: float, end: float) -> str:
        """The picture that the film shows at a moment, without any animation."""
        frame = [frame for frame in self.frames if frame.at <= at][-1]
        return Film(self.columns, self.rows, [Frame(0, frame.rows)]).svg(end)

    def _spans(self, end: float) -> Iterator[tuple[Frame, float]]:
        for frame, following in zip(self.frames, [*self.frames[1:], None], strict=True):
            yield frame, following.at if following else end


def _use(number: int, name: str, spans: list[tuple[float, float]], end: float) -> str:
    place = f'<use href="#{name}" y="{number * HIGH}"'
    if spans == [(0, end)]:
        return place + "/>"
    times, values = ["0"], ["none"]
    for start, until in spans:
        if start == 0:
            times, values = [], []
        times.append(_short(start / end))
        values.append("inline")
        if until < end:
            times.append(_short(until / end))
            values.append("none")
    # Who does not animate shows how it ends.
    hidden = ' display="none"' if values[-1] == "none" else ""
    return (
        f'{place}{hidden}><animate attributeName="display" calcMode="discrete" '
        f'values="{";".join(values)}" keyTimes="{";".join(times)}" dur="{end:g}s" '
        'repeatCount="indefinite"/></use>'
    )


def _row(row: Row, looks: dict[str, str]) -> str:
    """A row's backgrounds and texts, at the place of the first row."""
    papers: list[tuple[int, int, Triplet]] = []
    texts: list[str] = []
    column = 0
    for text, style in row:
        width = cell_len(text)
        ink, paper = _colours(style)
        if papers and papers[-1][2] == paper:
            papers[-1] = (papers[-1][0], papers[-1][1] + width, paper)
        else:
            papers.append((column, width, paper))
        look = _look(style, ink, looks)
        # Cut at wide gaps: what is there need not be written.
        for found in re.finditer(r"\S+(?: {1,2}\S+)*", text):
            start = column + cell_len(text[: found.start()])
            words = found.group()
            texts.append(
                f'<text x="{start * WIDE}" y="{BASELINE}" textLength="{cell_len(words) * WIDE}"'
                f"{look}>{escape(words, quote=False)}</text>"
            )
        column += width
    boxes = [
        f'<rect x="{start * WIDE}" width="{width * WIDE}" height="{HIGH}" fill="{_hex(paper)}"/>'
        for start, width, paper in papers
        if paper != PAPER
    ]
    return "".join(boxes + texts)


def _look(style: Style, ink: Triplet, looks: dict[str, str]) -> str:
    rules = [f"fill:{_hex(ink)}"] if ink != INK else []
    rules += ["font-weight:bold"] if style.bold else []
    rules += ["font-style:italic"] if style.italic else []
    rules += ["text-decoration:underline"] if style.underline else []
    if not rules:
        return ""
    name = looks.setdefault(";".join(rules), f"c{len(looks)}")
    return f' class="{name}"'


def _colours(style: Style) -> tuple[Triplet, Triplet]:
    ink, paper = _triplet(style.color, INK), _triplet(style.bgcolor, PAPER)
    if style.reverse:
        ink, paper = paper, ink
    if style.dim:
        ink = (
            (ink[0] + paper[0]) // 2,
            (ink[1] + paper[1]) // 2,
            (ink[2] + paper[2]) // 2,
        )
    return ink, paper


def _triplet(colour: Color | None, default: Triplet) -> Triplet:
    if colour is None or colour.is_default:
        return default
    found = colour.get_truecolor()
    return found.red, found.green, found.blue


def _hex(colour: Triplet) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)


def _short(share: float) -> str:
    return f"{share:.5f}".rstrip("0").rstrip(".")
