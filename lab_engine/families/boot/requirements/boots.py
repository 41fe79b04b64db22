"""Statements about a system that a learner made, which the check itself starts (client side)."""

from __future__ import annotations

import re
import shlex
from typing import Final

from lab_engine.common.evidence import See, require
from lab_engine.families.boot.probes import (
    SECONDS_LIMIT,
    WORD,
    Boot,
    Booted,
    BootProbe,
    BootReading,
)

_TROUBLE: Final = re.compile(r"^.*(?:Failed to execute /init|Kernel panic).*$", re.MULTILINE)
_INIT_ENDED: Final = "Attempted to kill init"
_SEQUENCE: Final = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
"""What a shell asks the terminal."""
_CHATTER: Final = re.compile(
    r"[~/\w.-]* ?[#$]|.*can't access tty.*|.*Kernel Offset: .*|.*---\[ end.*"
)
"""Lines that end what nearly every system says, and tell nothing: a prompt, the end of a panic."""


async def require_boots(
    see: See,
    initramfs: str,
    says: str,
    *,
    shell: bool = True,
    largest: int = 64 << 20,
    look: str = "",
) -> BootReading:
    """A machine with the bench's kernel and this initramfs says a text, and gives a shell.

        await require_boots(see, "/home/learner/work/os.img", "Ready.")

    The check starts it itself, from a copy, so no VM of the learner's is needed. One round trip; it
    takes as long as the machine does, and the answer is kept while the file stays the same.

    Reasons, in this order: `no-file`, `unreadable`, `no-archive`, `too-large`, `init-not-run`,
    `panic`, `too-slow`, `other-text`, `init-ended`, `switched-off`, `no-shell`.

    Args:
        see: the check's way to ask.
        initramfs: the archive; the kernel unpacks cpio, also compressed.
        says: a text that is to be on the serial line.
        shell: whether it must then do what is typed there.
        largest: bytes that the archive may have.
        look: a command that shows what it says; by default the file's size.
    """
    boot = Boot(says, ("echo alive",)) if shell else Boot(until=says)
    found = await see(BootProbe(initramfs, boots=(boot,)))
    _file(found, initramfs, largest)
    look = look or _look(initramfs)
    only = found.boots[0]
    _said(only, says, look)
    stays = f"After {says!r} the system does what is typed on its serial line."
    line = _trouble(only)
    require(
        only.ended == "seen" or _INIT_ENDED not in line,
        "init-ended",
        expected=stays,
        observed=f"Its first program ended, and the kernel says: {line}.",
        look=look,
    )
    require(
        only.ended != "itself" or bool(line),
        "switched-off",
        expected=stays,
        observed="The machine switched itself off.",
        look=look,
    )
    require(
        only.ended == "seen",
        "no-shell",
        expected=stays,
        observed=f"`echo alive` was typed, and it did not do it: {_last(only.text)}",
        look=look,
    )
    return found


async def require_remembers(
    see: See, initramfs: str, says: str, *, keeps: str, forgets: str, save: str = "", disk: int = 16
) -> BootReading:
    """A system in memory keeps one file over two starts, and forgets another.

        await require_remembers(
            see, "/home/learner/work/os.img", "Ready.", keeps="/etc/motd", forgets="/etc/new",
            save="save",
        )

    The check starts it twice, with one disk that is empty at first (ext4, /dev/vda). At the first
    start it writes words that nobody can know, saves in between, and syncs.

    Reasons: those of `require_boots` up to `other-text`, then `no-folder` (nothing can be written
    where `keeps` is), `no-command`, `not-saved` (the command `save` does not end well),
    `not-in-memory` (what was to be forgotten came back), `lost`.

    Args:
        see: the check's way to ask.
        initramfs: the archive.
        says: the text after which its shell listens.
        keeps: the path of a file that it is to keep, written before it saves.
        forgets: the path of one that it is to forget, written after it has saved.
        save: the command of the system that saves; empty where nothing is to be typed.
        disk: the disk's size in MiB.
    """
    saving = f"{save or ':'} && echo saved-$((6*7))"
    # `read` is the shell's own: the system may have no cat.
    reads = (f"x=; read x < {keeps}; echo kept:$x:", f"x=; read x < {forgets}; echo late:$x:")
    boots = (
        Boot(says, (f"echo {WORD} > {keeps}", saving, f"echo {WORD} > {forgets}", "sync")),
        Boot(says, reads),
    )
    found = await see(BootProbe(initramfs, boots=boots, disk=disk))
    _file(found, initramfs, 64 << 20)
    look = _look(initramfs)
    first = found.boots[0]
    _said(first, says, look)
    require(
        f"can't create {keeps}: " not in first.text,
        "no-folder",
        expected=f"A file {keeps} can be written in the system.",
        observed=f"Its shell cannot: it has no folder {keeps.rpartition('/')[0] or '/'}.",
        look=look,
    )
    require(
        not save or f"{save}: not found" not in first.text,
        "no-command",
        expected=f"The system has a command `{save}`.",
        observed="Its shell finds none.",
        look=look,
    )
    require(
        "saved-42" in first.text,
        "not-saved",
        expected=f"`{save}` saves to the disk, and ends with 0." if save else "Its shell listens.",
        observed=f"It does not: {_last(first.text)}",
        look=look,
    )
    second = found.boots[1] if len(found.boots) > 1 else Booted(ended="late")
    _said(second, says, look)
    require(
        f"late:{found.word}:" not in second.text,
        "not-in-memory",
        expected=f"{forgets} is forgotten at the next start: the system is in memory.",
        observed="It was there again.",
        look=look,
    )
    require(
        f"kept:{found.word}:" in second.text,
        "lost",
        expected=f"{keeps} is there again at the next start.",
        observed="It is not, or has another text.",
        look=look,
    )
    return found


def _look(initramfs: str) -> str:
    return f"ls -l {shlex.quote(initramfs)} || true"


def _file(found: BootReading, initramfs: str, largest: int) -> None:
    look = _look(initramfs)
    require(
        found.exists,
        "no-file",
        expected=f"There is a file {initramfs}.",
        observed="There is none.",
        look=look,
    )
    require(
        not found.why,
        "unreadable",
        expected=f"A machine can be started from {initramfs}.",
        observed=f"It cannot: {found.why[:160]}.",
        look=look,
    )
    require(
        found.kind,
        "no-archive",
        expected=f"{initramfs} is a cpio archive of the format newc, compressed or not.",
        observed=f"Its {found.size} bytes begin with something else.",
        look=look,
    )
    require(
        found.size <= largest,
        "too-large",
        expected=f"{initramfs} has at most {largest >> 10} KiB.",
        observed=f"It has {found.size >> 10} KiB.",
        look=look,
    )


def _trouble(boot: Booted) -> str:
    """The kernel's line that says why it gave up; empty when it did not."""
    trouble = _TROUBLE.search(boot.text)
    return re.sub(r"^\[[^]]*\] *", "", trouble[0].strip())[:160] if trouble else ""


def _said(boot: Booted, says: str, look: str) -> None:
    line = _trouble(boot)
    require(
        not line.startswith("Failed to execute"),
        "init-not-run",
        expected="The kernel starts /init of the archive.",
        observed=f"It says: {line}.",
        look=look,
    )
    require(
        says in boot.text or not line,
        "panic",
        expected=f"The system starts, and says {says!r}.",
        observed=f"The kernel says: {line}.",
        look=look,
    )
    require(
        boot.text.strip() or boot.ended != "late",
        "too-slow",
        expected=f"The system says something within {SECONDS_LIMIT:g} s.",
        observed="It was not so far then: this machine is very busy, or the system waits.",
        look=look,
    )
    require(
        says in boot.text,
        "other-text",
        expected=f"The system says {says!r}.",
        observed=f"It says: {_last(boot.text)}",
        look=look,
    )


def _last(text: str) -> str:
    """The last line that tells something."""
    plain = (_SEQUENCE.sub("", line).strip() for line in text.splitlines())
    lines = [line for line in plain if line and not _CHATTER.fullmatch(line)]
    return f"{lines[-1][:120]!r}." if lines else "nothing."
