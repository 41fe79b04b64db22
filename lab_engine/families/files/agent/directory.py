"""Folders with files in them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from lab_engine.common.sighting import ABSENT, Sighting
from lab_engine.errors import ProviderError
from lab_engine.families.files.agent import file, marks
from lab_engine.families.files.resources import Directory
from lab_engine.families.provider import Mark, Owned, Provider, Say


class DirectoryProvider(Provider[Directory]):
    resource = Directory
    family = "files"

    def observe(self, wanted: Sequence[Directory], mark: Mark) -> dict[str, Sighting]:
        return {directory.name: self._sighting(directory, mark) for directory in wanted}

    def _sighting(self, wanted: Directory, mark: Mark) -> Sighting:
        if not os.path.lexists(wanted.path):
            return ABSENT
        facts = {"path": wanted.path, "files": str(len(wanted.files))}
        if not marks.bears(wanted.path, mark.text(wanted.key)):
            return Sighting(present=True, facts=facts)
        return Sighting(present=True, ours=True, drift=self._drift(wanted), facts=facts)

    def _drift(self, wanted: Directory) -> str:
        info = Path(wanted.path).lstat()
        if drift := marks.access_drift(wanted.path, info, wanted.owner, wanted.mode):
            return drift
        for relative, content in wanted.files.items():
            path = f"{wanted.path}/{relative}"
            if not os.path.lexists(path):
                return f"{path} is missing"
            if drift := file.drift_of(path, content, wanted.owner, wanted.file_mode):
                return drift
        return ""

    def create(self, wanted: Directory, mark: Mark, say: Say) -> None:
        text = mark.text(wanted.key)
        owner = marks.ids(wanted.owner)
        if os.path.lexists(wanted.path):
            if not marks.bears(wanted.path, text):
                raise marks.in_the_way(wanted.path, "a folder")
            marks.remove(wanted.path)
        try:
            marks.make_parents(wanted.path, text, wanted.owner)
            staged = marks.staged_path(wanted.path, text)
            marks.remove(str(staged))
            folders = {Path(relative).parent for relative in wanted.files}
            folders |= {above for folder in folders for above in folder.parents}
            for folder in sorted(folders | {Path()}):
                made = staged / folder
                made.mkdir()
                # mkdir takes the umask off the mode (mkdir(2)).
                made.chmod(wanted.mode)
                os.chown(made, *owner)
                if folder == Path():
                    marks.set_mark(str(made), text, wanted.path)
            for relative, content in wanted.files.items():
                file.write(staged / relative, content, owner, wanted.file_mode)
            # In one step, so that the folder is whole or not there.
            staged.rename(wanted.path)
        except OSError as error:
            raise ProviderError(
                f"{wanted.path} cannot be made: {error.strerror}", resource=wanted.key
            ) from error

    def destroy(self, name: str, mark: Mark) -> None:
        with marks.removing(f"directory/{name}"):
            marks.remove_marked(mark.text(f"directory/{name}"))

    def owned(self) -> Iterable[Owned]:
        return marks.owned("directory")
