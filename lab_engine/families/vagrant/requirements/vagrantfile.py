"""Statements about a Vagrantfile (client side).

It is read as text: Ruby alone could tell what it means.
"""

from __future__ import annotations

from lab_engine.common.evidence import See, require
from lab_engine.families.files.probes import FileProbe


def ruby_without_comments(text: str) -> str:
    """A Vagrantfile without its comments. A `#` in quotes, as in `"#{name}"`, begins none."""
    return "\n".join(_code(line) for line in text.splitlines())


def _code(line: str) -> str:
    quote, escaped = "", False
    for at, sign in enumerate(line):
        if escaped:
            escaped = False
        elif quote:
            escaped = sign == "\\"
            quote = "" if sign == quote else quote
        elif sign in "\"'":
            quote = sign
        elif sign == "#":
            return line[:at]
    return line


async def require_vagrantfile(see: See, project: str, *words: str) -> str:
    """The project's Vagrantfile is there, and has these words in it. One round trip.

        text = await require_vagrantfile(see, v.project, "infralab/small", "memory")

    A machine stays when its file is changed or thrown away, and nobody could make it again then.
    Gives back the text without comments.

    Reasons: `no-file`, `said-nowhere`.

    Args:
        see: the check's way to ask.
        project: the folder of the Vagrantfile.
        words: what must stand in it outside of comments, each as it is.
    """
    file = await see(FileProbe(f"{project}/Vagrantfile"))
    require(
        file.exists,
        "no-file",
        expected=f"The machine's Vagrantfile is in {project}.",
        observed="There is none of that name any more.",
        look=f"ls -la {project}",
    )
    text = ruby_without_comments(file.content)
    missing = [word for word in words if word not in text]
    require(
        not missing,
        "said-nowhere",
        expected=f"The Vagrantfile says {', '.join(words)}.",
        observed=f"Nothing in it says {', '.join(missing)}.",
        look=f"cat {project}/Vagrantfile",
    )
    return text
