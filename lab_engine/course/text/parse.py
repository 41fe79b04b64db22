"""Markdown to the document model.

CommonMark with tables, fences and containers; what the model cannot show (HTML, images, quotes,
rules, indented code) is an error, never a silent loss.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from functools import cache
from typing import cast, get_args

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markdown_it.tree import SyntaxTreeNode
from mdit_py_plugins.container import container_plugin

from lab_engine.course.text import boxes, names, printed
from lab_engine.course.text.model import (
    Block,
    Code,
    Diagram,
    Document,
    Heading,
    ListBlock,
    Note,
    Paragraph,
    QuestionBlock,
    Role,
    Span,
    Spans,
    Table,
    TaskBlock,
)
from lab_engine.errors import ContentError

ROLES: tuple[str, ...] = get_args(Role)
FAILS = "fails"
BOXES = ("task", "hint", "question", "note")
_BOX = "box"
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_CELL_BAR = re.compile(r"(?<!\\)\|")
_NOT_SHOWN = {
    "blockquote": "a quote",
    "hr": "a rule",
    "html_block": "HTML",
    "code_block": "a block indented by four spaces (use a fence)",
}


@cache
def _markdown() -> MarkdownIt:
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    # Every name is taken here, for `box` to judge: the plugin would show a box with a misspelt name
    # as plain text.
    container_plugin(markdown, _BOX, validate=lambda _params, _markup: True)
    return markdown


def parse(body: str, variables: Mapping[str, str], *, where: str, first_line: int = 1) -> Document:
    """Parse a text without its front matter.

    Args:
        body: Markdown.
        variables: the learner's values by name.
        where: the file, for messages.
        first_line: the number that the body's first line has in the file.

    Raises:
        ContentError: with `file:line`, when the text holds something that cannot be shown.
    """
    if found := _CONTROL.search(body):
        line = first_line + body.count("\n", 0, found.start())
        raise ContentError(
            f"holds the control character U+{ord(found[0]):04X}", where=f"{where}:{line}"
        )
    source = names.fill(body, variables, where=where, first_line=first_line)
    tokens = _markdown().parse(source)
    reader = _Reader(where, first_line, source.split("\n"))
    reader.closed(tokens)
    reader.tasks = sum(
        token.type == f"container_{_BOX}_open" and token.info.split()[:1] == ["task"]
        for token in tokens
    )
    return Document(where, reader.blocks(SyntaxTreeNode(tokens).children))


class _Reader:
    """Walks the syntax tree of one text."""

    def __init__(self, where: str, first_line: int, lines: Sequence[str]) -> None:
        self.where = where
        self.first_line = first_line
        self.lines = lines
        self.inside: tuple[str, ...] = ()
        self.ids: set[str] = set()
        self.tasks = 0
        self.tasks_met = 0

    def wrong(self, line: int, message: str, hint: str = "") -> ContentError:
        return ContentError(message, where=f"{self.where}:{line}", hint=hint)

    def line(self, node: SyntaxTreeNode) -> int:
        """The node's first line in the file."""
        # What is inline has no lines of its own (markdown-it, Token.map): those of its block count.
        while node.map is None and node.parent is not None:
            node = node.parent
        return self.first_line + (node.map[0] if node.map else 0)

    def closed(self, tokens: Sequence[Token]) -> None:
        """Refuse a container or a fence that the author forgot to close."""
        for token in tokens:
            if token.type == "fence" and token.map is not None:
                mark = token.markup
                end = self.lines[token.map[1] - 1]
                # In a list or a box, what stands before the fence is not the fence's.
                closed = re.search(rf"(?:^|\s){re.escape(mark[0])}{{{len(mark)},}}\s*$", end)
                if token.map[1] - token.map[0] < 2 or not closed:
                    raise self.wrong(
                        self.first_line + token.map[0],
                        f"`{mark}{token.info.strip()}` is never closed",
                        f"End it with a line of {mark}",
                    )
            if token.type == f"container_{_BOX}_open" and token.map is not None:
                # The parser ends an open container at the end of the text, which is no error in
                # Markdown.
                last = self.lines[token.map[1] - 1 : token.map[1] + 1]
                if not any(re.match(rf"\s*:{{{len(token.markup)},}}\s*$", line) for line in last):
                    raise self.wrong(
                        self.first_line + token.map[0],
                        f"`{token.markup} {token.info.strip()}` is never closed",
                        f"End it with a line of {token.markup}",
                    )

    def blocks(self, nodes: Sequence[SyntaxTreeNode]) -> tuple[Block, ...]:
        return tuple(self.block(node) for node in nodes)

    def block(self, node: SyntaxTreeNode) -> Block:
        line = self.line(node)
        match node.type:
            case "paragraph":
                return Paragraph(self.spans(node), line)
            case "heading":
                level = int(node.tag[1:])
                if level > 4:
                    raise self.wrong(line, "headings go down to four #")
                return Heading(level, self.spans(node), line)
            case "bullet_list" | "ordered_list":
                start = int(node.attrs.get("start", 1)) if node.type == "ordered_list" else None
                items = tuple(self.blocks(item.children) for item in node.children)
                return ListBlock(start, items, line)
            case "table":
                return self.table(node, line)
            case "fence":
                return self.fence(node, line)
            case "container_box":
                return self.box(node, line)
            case other:
                raise self.wrong(
                    line, f"{_NOT_SHOWN.get(other, other)} cannot be shown in a lesson"
                )

    def table(self, node: SyntaxTreeNode, line: int) -> Table:
        columns = len(node.children[0].children[0].children)
        # The parser cuts off cells that are too many and fills up those that are missing, without a
        # word (GFM, 4.10).
        for n in range(line, line + (node.map[1] - node.map[0] if node.map else 0)):
            cells = _CELL_BAR.split(self.lines[n - self.first_line].strip().strip("|"))
            if len(cells) != columns:
                raise self.wrong(
                    n, f"this row has {len(cells)} cells, not {columns}", "Write \\| for a bar."
                )
        rows = [
            tuple(self.spans(cell) for cell in row.children)
            for part in node.children
            for row in part.children
        ]
        return Table(rows[0], tuple(rows[1:]), line)

    def fence(self, node: SyntaxTreeNode, line: int) -> Block:
        text = node.content.removesuffix("\n")
        words, options = self.info(node.info, line, ("at", "why", "alt"))
        language, roles = (words[0] if words else ""), words[1:]
        if not language:
            raise self.wrong(
                line, "the fence does not say its language", "Such as `sh`, `output`, `diagram`."
            )
        if language == "diagram":
            return Diagram(text, options.get("alt", ""), line)
        fails = FAILS in roles
        roles = [word for word in roles if word != FAILS]
        unknown = [word for word in roles if word not in ROLES]
        if unknown or len(roles) > 1:
            raise self.wrong(
                line,
                f"“{' '.join(unknown or roles)}” is not one role",
                f"Use one of {', '.join(ROLES)} after the language; {FAILS} may go with it.",
            )
        role = cast("Role", roles[0] if roles else "run" if language == "sh" else "show")
        if language != "sh" and (role != "show" or fails):
            raise self.wrong(line, f"{FAILS if fails else role} is for `sh`, not for `{language}`")
        if fails and role not in ("run", "later"):
            raise self.wrong(line, f"{role} is never run, so it cannot be said to fail")
        at, why = options.get("at", ""), options.get("why", "")
        marked = ""
        if language == "output":
            for problem in printed.faults(text):
                raise self.wrong(line, problem)
            marked, text = text, printed.shown(text)
        above, below = self.tasks_met, self.tasks - self.tasks_met
        return Code(language, role, text, at, why, line, fails, marked, above, below)

    def info(self, info: str, line: int, known: Sequence[str]) -> tuple[list[str], dict[str, str]]:
        """Words and `key=value` of what follows a fence or a container's colons."""
        try:
            pieces = shlex.split(info)
        except ValueError:
            raise self.wrong(line, f"“{info.strip()}” has a quote that is not closed") from None
        words = [piece for piece in pieces if "=" not in piece]
        options = dict(piece.split("=", 1) for piece in pieces if "=" in piece)
        for key in options:
            if key not in known:
                raise self.wrong(line, f"unknown setting `{key}=`", f"Known: {', '.join(known)}.")
        return words, options

    def box(self, node: SyntaxTreeNode, line: int) -> Block:
        name = (node.info.split() or [""])[0]
        if not name:
            raise self.wrong(line, "these colons close nothing", "Was a block closed twice?")
        if name not in BOXES:
            raise self.wrong(line, f"there is no block `{name}`", f"There are: {', '.join(BOXES)}.")
        if self.inside and (self.inside[-1], name) != ("task", "hint"):
            raise self.wrong(line, f"`{name}` cannot be inside `{self.inside[-1]}`")
        if node.parent is not None and node.parent.type == "list_item":
            raise self.wrong(line, f"`{name}` cannot be inside a list")
        if name == "hint":
            raise self.wrong(line, "`hint` stands only inside `task`")
        words, options = self.info(node.info, line, boxes.SETTINGS[name])
        if len(words) != (1 if name == "note" else 2):
            wanted = "nothing else" if name == "note" else "one id"
            raise self.wrong(line, f"`{name}` takes {wanted} after its name")
        self.inside += (name,)
        try:
            if name == "note":
                return Note(self.blocks(node.children), line)
            self.identify(words[1], line)
            if name == "task":
                return self.task(words[1], node, line)
            return self.question(words[1], options, node, line)
        finally:
            self.inside = self.inside[:-1]

    def identify(self, word: str, line: int) -> None:
        if not boxes.ID.match(word):
            raise self.wrong(
                line, f"“{word}” is not an id", "Use lower-case letters, digits and dashes."
            )
        if word in self.ids:
            raise self.wrong(line, f"the id “{word}” is used twice in this text")
        self.ids.add(word)

    def task(self, name: str, node: SyntaxTreeNode, line: int) -> TaskBlock:
        body: list[SyntaxTreeNode] = []
        hints: list[tuple[Block, ...]] = []
        for child in node.children:
            if child.type == "container_box" and child.info.split() == ["hint"]:
                self.inside += ("hint",)
                hints.append(self.blocks(child.children))
                self.inside = self.inside[:-1]
            elif hints:
                raise self.wrong(self.line(child), "hints come last in a task")
            else:
                body.append(child)
        if not body:
            raise self.wrong(line, f"task “{name}” says nothing")
        self.tasks_met += 1
        return TaskBlock(name, self.blocks(body), tuple(hints), line)

    def question(
        self, name: str, options: Mapping[str, str], node: SyntaxTreeNode, line: int
    ) -> QuestionBlock:
        if not node.children or node.children[-1].type != "bullet_list":
            raise self.wrong(line, f"question “{name}” does not end with its list of answers")
        rows: list[boxes.Row] = []
        for item in node.children[-1].children:
            if [child.type for child in item.children] != ["paragraph"]:
                raise self.wrong(self.line(item), "an answer is one line: - [x] text | explanation")
            row = boxes.row(self.spans(item.children[0]))
            if row is None:
                raise self.wrong(self.line(item), "an answer begins with [x] or [ ]")
            rows.append(row)
        question = boxes.question(name, options, rows, where=f"{self.where}:{line}")
        choice = question.kind in ("choice", "choices")
        shown = tuple(r.shown for r in rows) if choice else ()
        return QuestionBlock(question, self.blocks(node.children[:-1]), shown, line)

    def spans(self, node: SyntaxTreeNode) -> Spans:
        """The inline content of a paragraph, heading or cell; neighbours of one style merged."""
        found: list[Span] = []
        for inline in node.children:
            for child in inline.children:
                self.inline(child, Span(""), found)
        merged: list[Span] = []
        for span in found:
            if merged and _style(merged[-1]) == _style(span):
                merged[-1] = _styled(span, merged[-1].text + span.text)
            else:
                merged.append(span)
        return tuple(merged)

    def inline(self, node: SyntaxTreeNode, style: Span, found: list[Span]) -> None:
        match node.type:
            case "text":
                found.append(_styled(style, node.content))
            case "softbreak":
                found.append(_styled(style, " "))
            case "hardbreak":
                found.append(_styled(style, "\n"))
            case "code_inline":
                found.append(Span(node.content, style.strong, style.emphasis, True, style.link))
            case "strong":
                self.inlines(node, Span("", True, style.emphasis, False, style.link), found)
            case "em":
                self.inlines(node, Span("", style.strong, True, False, style.link), found)
            case "link":
                link = str(node.attrs.get("href", ""))
                self.inlines(node, Span("", style.strong, style.emphasis, False, link), found)
            case other:
                raise self.wrong(self.line(node), f"{other} cannot be shown in a lesson")

    def inlines(self, node: SyntaxTreeNode, style: Span, found: list[Span]) -> None:
        for child in node.children:
            self.inline(child, style, found)


def _style(span: Span) -> tuple[bool, bool, bool, str]:
    return span.strong, span.emphasis, span.code, span.link


def _styled(style: Span, text: str) -> Span:
    return Span(text, *_style(style))
