"""`infralab doctor`."""

from __future__ import annotations

import argparse
import shutil
import sys
import textwrap
from typing import TYPE_CHECKING

from lab_engine.cli.words import add_json, emit_json, verb

if TYPE_CHECKING:
    from lab_engine.doctor import Finding

SIGNS = {"ok": "✓", "limited": "!", "missing": "✗", "unknown": "?"}
COLOURS = {"ok": "32", "limited": "33", "missing": "31", "unknown": "36"}


def add(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe the verb."""
    parser = verb(
        verbs,
        "doctor",
        "say what this machine has, what is lost, and how to mend it",
        about="Look at everything that infralab needs. Changes nothing. "
        "Exit code 0 only if the course can be taken, else 3.",
        examples=(
            ("infralab doctor", "what is there, what is not, and the command that mends it"),
            ("infralab doctor --json", "the same for a program"),
        ),
    )
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Look, tell, and answer whether the course can be taken."""
    from lab_engine.doctor import examine, ready

    findings = examine()
    able = ready(findings)
    if args.json:
        emit_json({"ready": able, "findings": findings})
    else:
        tty = sys.stdout.isatty()
        # In a file or a pipe no line is broken: programs read it.
        columns = shutil.get_terminal_size().columns if tty else 0
        print(show(findings, colour=tty, columns=columns))
        print("\nThe course can be taken." if able else "\nThe course cannot be taken yet: see ✗.")
    return 0 if able else 3


def show(findings: list[Finding], *, colour: bool, columns: int) -> str:
    """The findings for people; prose is broken at `columns` (0: never), commands are not."""
    width = max(len(finding.name) for finding in findings)
    indent = " " * (width + 4)
    lines: list[str] = []

    def prose(text: str, hang: str) -> str:
        room = max(columns - len(indent) - len(hang), 20) if columns else len(text) + 1
        broken = textwrap.wrap(text, room, break_long_words=False, break_on_hyphens=False)
        return f"\n{indent}{hang}".join(broken)

    for finding in findings:
        sign = SIGNS[finding.state]
        if colour:
            sign = f"\x1b[{COLOURS[finding.state]}m{sign}\x1b[0m"
        lines.append(f"{sign} {finding.name:<{width}}  {prose(finding.found, '')}")
        if finding.lost:
            lines.append(f"{indent}lost: {prose(finding.lost, ' ' * 6)}")
        for number, line in enumerate(finding.mend.splitlines()):
            lines.append(f"{indent}{'      ' if number else 'mend: '}{line}")
    return "\n".join(lines)
