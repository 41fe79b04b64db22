"""Tries a push into a copy of a repository (agent side)."""

from __future__ import annotations

import pwd
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import msgspec

from lab_engine.common.probe import Probe
from lab_engine.families.git.agent import command
from lab_engine.families.git.agent.command import folder_of, line
from lab_engine.families.git.probes import GitPushProbe, GitPushReading
from lab_engine.families.process.agent import confined
from lab_engine.families.process.agent.confined import LEARNER, WHOLE, TooLarge

_MEMORY: Final = 4096
"""MiB: programs in Go, which hooks like to call, reserve more than they use."""
_SAID: Final = 16 << 10
_AUTHOR: Final = "Trial <trial@lab.test>"


def push(probe: GitPushProbe) -> GitPushReading:
    if folder_of(probe.path) is None:
        return GitPushReading(exists=False)
    folder = Path(tempfile.mkdtemp(prefix="trial-", dir="/tmp"))
    try:
        # A hook may go by the folder's name.
        copy = folder / Path(probe.path).name
        copy.mkdir()
        try:
            confined.copy_folder(Path(probe.path), copy)
        except TooLarge:
            return GitPushReading(ran=False, why=f"it is larger than {WHOLE >> 20} MiB")
        except OSError as error:
            return GitPushReading(ran=False, why=error.strerror or str(error))
        confined.hand_over(folder)
        source = folder / "trial-source"
        source.mkdir()
        confined.hand_over(source)
        made = _commit(source, copy, probe)
        if not made:
            return GitPushReading(ran=False, why="git makes no commit with these files")
        words = [command.GIT, "push", "--porcelain", str(copy), f"{made}:refs/heads/{probe.branch}"]
        found = confined.run(
            words, source, seconds=probe.seconds, memory=_MEMORY, limit=_SAID,
            environment={"GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C.UTF-8"},
        )  # fmt: skip
        return GitPushReading(
            ran=not found.why,
            why=found.why,
            code=found.code,
            said=(found.err + found.out)[:_SAID],
            moved=line(str(copy), "rev-parse", f"refs/heads/{probe.branch}") == made,
            timed_out=found.timed_out,
        )
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _commit(source: Path, copy: Path, probe: GitPushProbe) -> str:
    """The id of a new commit on top of the copy's branch, in a repository of its own; or empty."""
    learner = pwd.getpwnam(LEARNER).pw_uid

    def git(*words: str, given: bytes = b"") -> bool:
        return command.run(str(source), *words, given=given, user=learner) is not None

    branch = f"refs/heads/{probe.branch}"
    onto = ""
    if not git("init", "-q", "--bare"):
        return ""
    if line(str(copy), "rev-parse", "-q", "--verify", branch):
        onto = f"{branch}^0"
        if not git("fetch", "-q", str(copy), f"+{branch}:{branch}"):
            return ""
    stream = command.imported(
        probe.files, branch=probe.branch, message="A trial", author=_AUTHOR, onto=onto
    )
    if not git("fast-import", "--quiet", given=stream):
        return ""
    return line(str(source), "rev-parse", branch)


READERS: Final[dict[type[Probe[Any]], Callable[[Any], msgspec.Struct]]] = {GitPushProbe: push}
