"""What a Vagrantfile says, read as text: Ruby alone could tell what it means."""

from __future__ import annotations

from lab_engine.authoring import FileProbe, See, VagrantMachinesProbe, require


def plain(text: str) -> str:
    """A Vagrantfile without its comments. A `#` in quotes, as in `"#{name}"`, begins none."""
    return "\n".join(_without_comment(line) for line in text.splitlines())


def _without_comment(line: str) -> str:
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


async def require_said(see: See, folder: str, *words: str) -> str:
    """The folder's Vagrantfile is there, and has these words in it. One round trip.

    A machine stays when its file is changed or thrown away, and nobody could make it again then.
    Gives back the text without comments. Reasons: `no-file`, `said-nowhere`.
    """
    file = await see(FileProbe(f"{folder}/Vagrantfile"))
    require(
        file.exists,
        "no-file",
        expected=f"The machine's Vagrantfile is in {folder}.",
        observed="There is none of that name any more.",
        look=f"ls -la {folder}",
    )
    text = plain(file.content)
    missing = [word for word in words if word not in text]
    require(
        not missing,
        "said-nowhere",
        expected=f"The Vagrantfile says {', '.join(words)}.",
        observed=f"Nothing in it says {', '.join(missing)}.",
        look=f"cat {folder}/Vagrantfile",
    )
    return text


async def only_name(see: See, folder: str) -> str:
    """The name of the one machine of a project, `default` while there is none. One round trip.

    A task that names no machine leaves its name to the learner. Reason: `several`.
    """
    names = sorted({one.name for one in (await see(VagrantMachinesProbe(folder))).machines})
    require(
        len(names) < 2,
        "several",
        expected=f"Vagrant has brought up one machine from {folder}.",
        observed=f"It made {', '.join(names)}.",
        look=f"cd {folder} && vagrant status",
    )
    return names[0] if names else "default"
