"""What a piece of shell runs: its simple commands as lists of words (tree-sitter's Bash grammar).

What runs inside `$(...)`, a loop or a condition counts as well; words lose their quotes. A fragment
that is no whole command (`--internal`) gives the words that it has.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import tree_sitter_bash
from tree_sitter import Language, Node, Parser

_WORDS = frozenset(
    (
        "word", "number", "string", "raw_string", "ansi_c_string", "concatenation",
        "simple_expansion", "expansion", "command_substitution", "process_substitution",
    )
)  # fmt: skip
_REDIRECTED = ("file_redirect", "heredoc_redirect", "herestring_redirect")


@cache
def _parser() -> Parser:
    return Parser(Language(tree_sitter_bash.language()))


def commands(text: str) -> list[list[str]]:
    """The simple commands in reading order, each as its words; assignments are left out."""
    return list(_commands(_parser().parse(text.encode()).root_node))


def _commands(node: Node) -> Iterator[list[str]]:
    if node.type == "command":
        yield _words(node)
    elif node.type == "redirected_statement":
        yield from _redirected(node)
        return
    for child in node.children:
        yield from _commands(child)


def _redirected(node: Node) -> Iterator[list[str]]:
    """Words that follow a redirection belong to the command before it: `nsenter >log -t 1`."""
    found: list[list[str]] = []
    after: list[str] = []
    for child in node.children:
        found += _commands(child)
        if child.type in _REDIRECTED:
            # The target comes first; all else is the command's (tree-sitter-bash, grammar).
            after += [_text(one) for one in child.named_children if one.type in _WORDS][1:]
    if found and after:
        found[-1] += after
    yield from found


def _words(node: Node) -> list[str]:
    return [
        _text(child)
        for child in node.children
        if child.type == "command_name" or child.type in _WORDS
    ]


def _text(node: Node) -> str:
    text = (node.text or b"").decode()
    match node.type:
        case "string" | "raw_string":
            return text[1:-1]
        case "ansi_c_string":
            return text[2:-1]
        case "concatenation" | "command_name":
            return "".join(_text(child) for child in node.children) or text
        case _:
            return text
