"""What a system that does not do says about itself: causes that its serial line tells apart."""

from __future__ import annotations

import re
from typing import Final

from lab_engine.authoring import Boot, BootProbe, See, require
from labs.micro_os.values import Values

_SEQUENCE: Final = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_SHELLS_OWN: Final = re.compile(r"BusyBox v.*|Enter 'help'.*|.*can't access tty.*|[~/\w.-]* ?[#$]")
"""What any shell of busybox says when it begins: it is not what the system was made to say."""
_GIVEN_UP: Final = re.compile(r"Failed to execute /init|Kernel panic")


async def require_told(see: See, v: Values, look: str) -> None:
    """Tell the causes that `require_boots` takes together. It asks the same: one start for both.

    Reasons: `empty`, `other-words`.
    """
    found = await see(BootProbe(v.image, boots=(Boot(v.motto, ("echo alive",)),)))
    require(
        not found.exists or found.why or found.size,
        "empty",
        expected=f"{v.image} is an archive.",
        observed="It is empty.",
        look=look,
    )
    text = found.boots[0].text if found.boots else ""
    require(
        not text.strip() or v.motto in text or _GIVEN_UP.search(text),
        "other-words",
        expected=f"The system says {v.motto!r}.",
        observed=_words(text),
        look=look,
    )


def _words(text: str) -> str:
    plain = (_SEQUENCE.sub("", line).strip() for line in text.splitlines())
    lines = [line for line in plain if line and not _SHELLS_OWN.fullmatch(line)]
    if not lines:
        return "Its shell begins, and nothing is said before it."
    return f"It says: {lines[-1][:120]!r}."
