"""Statements about what a learner's own program does (client side)."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence

from lab_engine.common.evidence import See, require
from lab_engine.common.kindly import as_read
from lab_engine.families.process.probes import TrialProbe, TrialReading


async def require_program(
    see: See,
    path: str,
    *args: str,
    program: str = "",
    stdin: str = "",
    files: Mapping[str, str] | None = None,
    environment: Mapping[str, str] | None = None,
    code: int | None = 0,
    says: str | None = None,
    makes: Mapping[str, str] | None = None,
    seconds: float = 3.0,
    memory: int = 512,
    look: str = "",
) -> TrialReading:
    """A copy of the learner's program does what it should, as the learner, within limits.

        await require_program(see, "/home/learner/work/hook.sh", "start", says="started")

    One round trip; it takes as long as the program does.

    Reasons: `no-program`, `not-runnable`, `no-interpreter` (its first line names a program that is
    not there), `too-slow`, `too-much`, `other-code`, `other-output`, `not-made`.

    Args:
        see: the check's way to ask.
        path: the program, or the folder that it lies in; it is copied, the original is not run.
        args: its words.
        program: the program's name in the folder.
        stdin: what it reads.
        files: name to text of files that lie beside it; a name may have folders in it.
        environment: variables besides PATH, HOME, USER and LANG.
        code: the exit code; None for any but 0.
        says: all that it must print; None for any.
        makes: name to text of files that it must write, in the folder in which it is run.
        seconds: how long it may take.
        memory: MiB that it may have.
        look: a command that shows what it does, or its text; by default its rights.
    """
    found = await see(
        TrialProbe(
            path, args, program, stdin, dict(files or {}), dict(environment or {}), seconds, memory
        )
    )
    whole = path if not program else f"{path}/{program}"
    run = shlex.join((whole, *args))
    rights = f"ls -l {whole} || true"
    look = look or rights
    require(
        found.exists,
        "no-program",
        expected=f"There is a program {whole}.",
        observed=found.why or "There is none.",
        look=rights,
    )
    # It was copied, so what is missing is what the kernel was told to start it with (execve(2)).
    require(
        found.ran or not found.why.startswith("No such file"),
        "no-interpreter",
        expected=f"{whole} can be run: its first line names a program that is there.",
        observed="There is no such program.",
        look=f"head -n 1 {whole} | cat -A",
    )
    require(
        found.ran,
        "not-runnable",
        expected=f"{whole} can be run.",
        observed=f"It cannot: {found.why[:120]}.",
        look=rights,
    )
    require(
        not found.timed_out,
        "too-slow",
        expected=f"`{run}` ends within {seconds:g} s.",
        observed="It was still running then.",
        look=look,
    )
    require(
        not found.cut,
        "too-much",
        expected=f"`{run}` prints a few lines.",
        observed="It did not stop printing.",
        look=look,
    )
    require(
        found.code == code if code is not None else found.code != 0,
        "other-code",
        expected=f"`{run}` ends with code {code if code is not None else 'other than 0'}.",
        observed=f"It ended with {found.code}: {_last(found.err)!r}.",
        look=look,
    )
    require(
        says is None or as_read(found.out) == as_read(says),
        "other-output",
        expected=f"`{run}` prints {says!r}.",
        observed=f"It prints {found.out.strip()[:80]!r}.",
        look=look,
    )
    for name, text in (makes or {}).items():
        there = found.made.get(name)
        require(
            there is not None and as_read(there) == as_read(text),
            "not-made",
            expected=f"`{run}` writes {text.strip()[:60]!r} into {name}.",
            observed="It writes no such file."
            if there is None
            else f"It writes {there.strip()[:60]!r}.",
            look=look,
        )
    return found


def _last(text: str) -> str:
    lines: Sequence[str] = text.strip().splitlines()
    return lines[-1][:120] if lines else ""
