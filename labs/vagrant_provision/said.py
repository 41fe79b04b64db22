"""What a Vagrantfile says of its provisioners; by hand a machine could get the same files."""

from __future__ import annotations

import re
from typing import Final

from lab_engine.authoring import FileProbe, See, require
from labs.vagrant_provision.values import LOG, Values

_COMMENT: Final = re.compile(r"(?m)^\s*#.*$")
_ONE: Final = re.compile(r"\.provision\b")


async def require_said(see: See, v: Values) -> str:
    """The Vagrantfile has a provisioner of the learner's, beside the one that notes runs.

    Gives back its text without comments. One round trip. Reason: `said-nowhere`.
    """
    file = await see(FileProbe(f"{v.folder}/Vagrantfile"))
    text = _COMMENT.sub("", file.content)
    require(
        any(LOG not in one for one in provisioners(text)),
        "said-nowhere",
        expected="The Vagrantfile has a provisioner that brings this about.",
        observed="It has none." if LOG not in text else "It has only the one that notes each run.",
        look=f"cat {v.folder}/Vagrantfile",
    )
    return text


def provisioners(text: str) -> list[str]:
    """What is said of each provisioner, in the file's order, without parsing Ruby."""
    return _ONE.split(text)[1:]


def require_after_notes(text: str, v: Values, tool: str) -> None:
    """The tool's provisioner comes after the one that notes each run. Reason: `before-the-notes`.

    Otherwise a run that does all of it again is noted when it is over, and looks like one that
    found nothing to do. A file in which the two cannot be told apart is taken as good.
    """
    said = provisioners(text)
    notes = [at for at, one in enumerate(said) if LOG in one]
    its = [at for at, one in enumerate(said) if re.match(rf"[^\n]*[\"':]{tool}\b", one)]
    require(
        not notes or not its or notes[0] <= its[0],
        "before-the-notes",
        expected=f"The provisioner that adds a line to {LOG} comes before the other.",
        observed="It comes after it.",
        look=f"cat {v.folder}/Vagrantfile",
    )
