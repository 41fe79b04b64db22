"""Repositories that a step begins with."""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from lab_engine.common import digest
from lab_engine.common.sighting import ABSENT, Sighting
from lab_engine.errors import ProviderError
from lab_engine.families.files.agent import file, marks
from lab_engine.families.git.agent import command
from lab_engine.families.git.resources import GitRepository
from lab_engine.families.provider import Mark, Owned, Provider, Say

MODE: Final = 0o755
_MADE: Final = "infralab.made"
_FIRST: Final = "infralab.first"


def _digest(wanted: GitRepository) -> str:
    """Of what cannot be seen any more once the learner has committed."""
    return digest.of([wanted.branch, wanted.files, wanted.message, wanted.author])


class GitRepositoryProvider(Provider[GitRepository]):
    resource = GitRepository
    family = "git"

    def observe(self, wanted: Sequence[GitRepository], mark: Mark) -> dict[str, Sighting]:
        return {one.name: self._sighting(one, mark) for one in wanted}

    def _sighting(self, wanted: GitRepository, mark: Mark) -> Sighting:
        if not os.path.lexists(wanted.path):
            return ABSENT
        facts = {"path": wanted.path, "kind": "bare" if wanted.bare else "with a work tree"}
        if not marks.bears(wanted.path, mark.text(wanted.key)):
            return Sighting(present=True, facts=facts)
        return Sighting(present=True, ours=True, drift=self._drift(wanted), facts=facts)

    def _drift(self, wanted: GitRepository) -> str:
        path = wanted.path
        if drift := marks.access_drift(path, Path(path).lstat(), wanted.owner, MODE):
            return drift
        folder = command.folder_of(path)
        if folder is None:
            return f"{path} is no git repository"
        bare = command.line(path, "rev-parse", "--is-bare-repository") == "true"
        if bare is not wanted.bare:
            return f"{path} has {'no' if bare else 'a'} work tree"
        if command.line(path, "config", _MADE) != _digest(wanted):
            return f"{path} was made of other files"
        first = command.line(path, "config", _FIRST)
        branch = f"refs/heads/{wanted.branch}"
        if first and command.run(path, "merge-base", "--is-ancestor", first, branch) is None:
            return f"{wanted.branch} has lost the commit that it began with"
        for name, text in wanted.hooks.items():
            hook = str(folder / "hooks" / name)
            if not os.path.lexists(hook):
                return f"the hook {name} is missing"
            if drift := file.drift_of(hook, text, wanted.owner, MODE):
                return drift
        for name, url in wanted.remotes.items():
            if command.line(path, "config", f"remote.{name}.url") != url:
                return f"the remote {name} is not {url}"
        return ""

    def create(self, wanted: GitRepository, mark: Mark, say: Say) -> None:
        text = mark.text(wanted.key)
        owner = marks.ids(wanted.owner)
        if os.path.lexists(wanted.path):
            if not marks.bears(wanted.path, text):
                raise marks.in_the_way(wanted.path, "a repository")
            marks.remove(wanted.path)
        try:
            marks.make_parents(wanted.path, text, wanted.owner)
            staged = marks.staged_path(wanted.path, text)
            marks.remove(str(staged))
            staged.mkdir()
            self._fill(staged, wanted)
            for path in (staged, *staged.rglob("*")):
                os.chown(path, *owner, follow_symlinks=False)
            staged.chmod(MODE)
            marks.set_mark(str(staged), text, wanted.path)
            # In one step, so that the repository is whole or not there.
            staged.rename(wanted.path)
        except OSError as error:
            raise ProviderError(
                f"{wanted.path} cannot be made: {error.strerror}", resource=wanted.key
            ) from error

    def _fill(self, folder: Path, wanted: GitRepository) -> None:
        """Make a repository in an empty folder, as root."""
        self._git(folder, "init", "-q", "-b", wanted.branch, *(["--bare"] if wanted.bare else []))
        if wanted.files:
            stream = command.imported(
                wanted.files, branch=wanted.branch, message=wanted.message, author=wanted.author
            )
            self._git(folder, "fast-import", "--quiet", given=stream)
            if not wanted.bare:
                self._git(folder, "reset", "-q", "--hard")
            first = command.line(str(folder), "rev-parse", f"refs/heads/{wanted.branch}")
            self._git(folder, "config", _FIRST, first)
        self._git(folder, "config", _MADE, _digest(wanted))
        # A bare one keeps none by itself (core.logAllRefUpdates in git-config(1)).
        self._git(folder, "config", "core.logAllRefUpdates", "always")
        for name, url in wanted.remotes.items():
            self._git(folder, "remote", "add", name, url)
        hooks = (folder if wanted.bare else folder / ".git") / "hooks"
        hooks.mkdir(exist_ok=True)
        for name, content in wanted.hooks.items():
            file.write(hooks / name, content, (0, 0), MODE)

    def _git(self, folder: Path, *words: str, given: bytes = b"") -> None:
        root = pwd.getpwnam("root").pw_uid
        if command.run(str(folder), *words, given=given, user=root) is None:
            raise ProviderError(f"git {words[0]} fails in {folder}")

    def destroy(self, name: str, mark: Mark) -> None:
        with marks.removing(f"git-repository/{name}"):
            marks.remove_marked(mark.text(f"git-repository/{name}"))

    def owned(self) -> Iterable[Owned]:
        return marks.owned("git-repository")
