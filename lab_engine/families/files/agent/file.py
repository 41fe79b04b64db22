"""Files."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Sequence
from pathlib import Path

from lab_engine.common.sighting import ABSENT, Sighting
from lab_engine.errors import ProviderError
from lab_engine.families.files.agent import marks
from lab_engine.families.files.resources import File
from lab_engine.families.provider import Mark, Owned, Provider, Say


def drift_of(path: str, content: str, owner: str, mode: int) -> str:
    """How the regular file at `path` differs from what is wanted; empty when it does not."""
    info = Path(path).lstat()
    if not stat.S_ISREG(info.st_mode):
        return f"{path} is {marks.describe(path)}, wanted a file"
    if drift := marks.access_drift(path, info, owner, mode):
        return drift
    wanted = content.encode()
    if info.st_size != len(wanted) or Path(path).read_bytes() != wanted:
        return f"{path} has other content"
    return ""


def write(
    path: Path, content: str, owner: tuple[int, int], mode: int, mark: tuple[str, str] | None = None
) -> None:
    """Write a new file, with a mark (its text, and for which path) if one is given."""
    # New, so no link of somebody's is followed, and nobody else's to read until it has its owner.
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        if mark:
            marks.set_mark(descriptor, *mark)
        file.write(content.encode())
        # Before the mode: a change of owner clears set-user-ID (chown(2)).
        os.fchown(descriptor, *owner)
        os.fchmod(descriptor, mode)


def place(path: str, content: str, owner: str, mode: int, text: str) -> None:
    """Make a marked file that is either not there or whole, and the folders above it."""
    marks.make_parents(path, text, owner)
    staged = marks.staged_path(path, text)
    marks.remove(str(staged))
    write(staged, content, marks.ids(owner), mode, (text, path))
    # Unlike a rename, a link does not replace what somebody put there meanwhile.
    os.link(staged, path)
    staged.unlink()


class FileProvider(Provider[File]):
    resource = File
    family = "files"

    def observe(self, wanted: Sequence[File], mark: Mark) -> dict[str, Sighting]:
        return {file.name: self._sighting(file, mark) for file in wanted}

    def _sighting(self, file: File, mark: Mark) -> Sighting:
        if not os.path.lexists(file.path):
            return ABSENT
        facts = {"path": file.path}
        if not marks.bears(file.path, mark.text(file.key)):
            return Sighting(present=True, facts=facts)
        drift = drift_of(file.path, file.content, file.owner, file.mode)
        return Sighting(present=True, ours=True, drift=drift, facts=facts)

    def create(self, wanted: File, mark: Mark, say: Say) -> None:
        text = mark.text(wanted.key)
        if os.path.lexists(wanted.path):
            if not marks.bears(wanted.path, text):
                raise marks.in_the_way(wanted.path, "a file")
            marks.remove(wanted.path)
        try:
            place(wanted.path, wanted.content, wanted.owner, wanted.mode, text)
        except OSError as error:
            raise ProviderError(
                f"{wanted.path} cannot be written: {error.strerror}", resource=wanted.key
            ) from error

    def destroy(self, name: str, mark: Mark) -> None:
        with marks.removing(f"file/{name}"):
            marks.remove_marked(mark.text(f"file/{name}"))

    def owned(self) -> Iterable[Owned]:
        return marks.owned("file")
