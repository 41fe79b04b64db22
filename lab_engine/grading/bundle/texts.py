"""A step's text without answers: questions are only asked, and of the hints the first stays."""

from __future__ import annotations

import re
from typing import Final

from lab_engine.session.points import ASSESSED_HINTS

NO_HINT: Final = "This hint is not part of the assessed course."
NOT_ASKED: Final = "*To think about: nobody asks for the answer here.*"
_FENCE: Final = re.compile(r"(:{3,})\s*(\w*)(.*)\Z")
_OPTION: Final = re.compile(r"- \[[ xX]\]\s+(.*?)(?:\s\|(?:\s.*)?)?\Z")


def stripped(text: str) -> str:
    """The text of a step; what is in code blocks is left as it is."""
    found: list[str] = []
    open_boxes: list[tuple[str, str, str]] = []
    hints = 0
    code = ""
    for line in text.split("\n"):
        if mark := re.match(r"(`{3,}|~{3,})", line):
            code = "" if code and line.startswith(code) else code or mark[1]
        fence = None if code else _FENCE.match(line.rstrip())
        if fence and fence[2]:
            open_boxes.append((fence[1], fence[2], fence[3]))
            if fence[2] == "task":
                hints = 0
            elif fence[2] == "hint":
                hints += 1
                found += [line] + [NO_HINT] * (hints > ASSESSED_HINTS)
                continue
            elif fence[2] == "question":
                continue
        elif fence and open_boxes and open_boxes[-1][0] == fence[1]:
            if open_boxes.pop()[1] == "question":
                found += ["", NOT_ASKED]
                continue
        elif open_boxes and open_boxes[-1][1] == "hint" and hints > ASSESSED_HINTS:
            continue
        elif open_boxes and open_boxes[-1][1] == "question" and (option := _OPTION.match(line)):
            if "kind=choice" in open_boxes[-1][2]:
                if found and not found[-1].startswith("- "):
                    found.append("")
                found.append(f"- {option[1]}")
            continue
        found.append(line)
    return "\n".join(found)
