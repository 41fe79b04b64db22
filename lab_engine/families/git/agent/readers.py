"""Answers about repositories, by git's plumbing commands (agent side)."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

from lab_engine.common.paths import WATCHED
from lab_engine.common.probe import Probe
from lab_engine.families.files.agent.marks import owner_name
from lab_engine.families.git.agent.command import folder_of, installed, line, run
from lab_engine.families.git.probes import (
    CONTENT_LIMIT,
    FILE_LIMIT,
    HISTORY_LIMIT,
    GitCommitProbe,
    GitCommitReading,
    GitFile,
    GitMove,
    GitMovesProbe,
    GitMovesReading,
    GitRepositoriesProbe,
    GitRepositoriesReading,
    GitRepositoryProbe,
    GitRepositoryReading,
)

DEPTH: Final = 3
"""Folders below a watched one in which repositories are sought."""
MOST: Final = 50
_MOVE: Final = re.compile(
    r"(?P<old>[0-9a-f]+) (?P<new>[0-9a-f]+) (?P<who>.*>) (?P<at>\d+) \S+(\t(?P<why>.*))?\Z"
)


def _text(said: bytes | None) -> str:
    return (said or b"").decode(errors="replace")


def repository(probe: GitRepositoryProbe) -> GitRepositoryReading:
    path = probe.path
    folder = folder_of(path)
    if folder is None:
        return GitRepositoryReading(exists=False)
    bare = line(path, "rev-parse", "--is-bare-repository") == "true"
    refs = _text(run(path, "for-each-ref", "--format=%(refname) %(objectname)"))
    urls = _text(run(path, "config", "--get-regexp", r"^remote\..*\.url$"))
    named = (words.partition(" ") for words in urls.splitlines())
    remotes = {key.removeprefix("remote.").removesuffix(".url"): url for key, _, url in named}
    status = b"" if bare else run(path, "status", "--porcelain", "-z", "--no-renames", "-uall")
    return GitRepositoryReading(
        bare=bare,
        head=line(path, "symbolic-ref", "-q", "--short", "HEAD"),
        commit=line(path, "rev-parse", "-q", "--verify", "HEAD^{commit}"),
        refs=dict(words.split(" ", 1) for words in refs.splitlines()),
        hooks=_hooks(path, folder),
        remotes=remotes,
        changed=tuple(one[3:] for one in _text(status).split("\0") if one)[:FILE_LIMIT],
        owner=owner_name(folder.stat()),
    )


def _hooks(path: str, folder: Path) -> dict[str, bool]:
    # Where they are can be set (core.hooksPath in git-config(1)).
    where = line(path, "rev-parse", "--git-path", "hooks")
    place = Path(path) / where if where else folder / "hooks"
    found = {}
    try:
        for entry in sorted(place.iterdir()):
            if not entry.name.endswith(".sample") and entry.is_file():
                found[entry.name] = bool(entry.stat().st_mode & 0o111)
    except OSError:
        return {}
    return found


def repositories(_: GitRepositoriesProbe) -> GitRepositoriesReading:
    if not installed():
        return GitRepositoriesReading()
    found = (path for root in WATCHED for path in _below(root, DEPTH))
    return GitRepositoriesReading(tuple(path for path, _ in zip(found, range(MOST), strict=False)))


def _below(root: str, depth: int) -> Iterator[str]:
    try:
        with os.scandir(root) as listed:
            entries = sorted(listed, key=lambda entry: entry.name)
    except OSError:
        return
    names = {entry.name for entry in entries}
    if ".git" in names or {"HEAD", "objects", "refs"} <= names:
        yield root
    elif depth:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from _below(entry.path, depth - 1)


def commit(probe: GitCommitProbe) -> GitCommitReading:
    path = probe.path
    if folder_of(path) is None:
        return GitCommitReading(exists=False)
    # What begins with a dash would be an option.
    asked = ("rev-parse", "-q", "--verify", "--end-of-options", f"{probe.revision}^{{commit}}")
    found = line(path, *asked)
    if not found:
        return GitCommitReading(exists=False)
    form = "--format=%T%n%P%n%an <%ae>%n%cn <%ce>%n%ct%n%B"
    said = _text(run(path, "log", "-1", "--no-show-signature", form, found))
    tree, parents, author, committer, at, *message = said.split("\n")
    ancestors = _text(run(path, "rev-list", f"--max-count={HISTORY_LIMIT}", found)).split()
    files, total = _files(path, found)
    return GitCommitReading(
        id=found,
        tree=tree,
        parents=tuple(parents.split()),
        author=author,
        committer=committer,
        committed_at=int(at),
        message="\n".join(message).strip(),
        history=tuple(ancestors),
        files=files,
        total=total,
    )


def _files(path: str, commit: str) -> tuple[dict[str, GitFile], int]:
    entries = _text(run(path, "ls-tree", "-r", "-l", "-z", commit)).split("\0")
    found: dict[str, GitFile] = {}
    for entry in [one for one in entries if one][:FILE_LIMIT]:
        about, _, name = entry.partition("\t")
        mode, kind, blob, size = about.split()
        if kind != "blob":
            continue
        plain = mode != "120000" and int(size) <= CONTENT_LIMIT
        found[name] = GitFile(
            blob,
            executable=mode == "100755",
            link=mode == "120000",
            size=int(size),
            content=_text(run(path, "cat-file", "blob", blob)) if plain else "",
        )
    return found, sum(bool(one) for one in entries)


def moves(probe: GitMovesProbe) -> GitMovesReading:
    folder = folder_of(probe.path)
    if folder is None:
        return GitMovesReading(exists=False)
    ref = f"refs/heads/{probe.branch}"
    if not line(probe.path, "rev-parse", "-q", "--verify", ref):
        return GitMovesReading(exists=False)
    loose = folder / ref
    try:
        lines = (folder / "logs" / ref).read_text(errors="replace").splitlines()
    except OSError:
        lines = []
    found = [match for match in map(_MOVE.match, lines) if match]
    return GitMovesReading(
        moves=tuple(
            GitMove(one["old"], one["new"], one["who"], int(one["at"]), one["why"] or "")
            for one in found[-HISTORY_LIMIT:]
        ),
        # Packed refs are one file of all (git-pack-refs(1)).
        owner=owner_name(loose.stat()).partition(":")[0] if loose.is_file() else "",
    )


READERS: Final[dict[type[Probe[Any]], Callable[[Any], msgspec.Struct]]] = {
    GitRepositoryProbe: repository,
    GitRepositoriesProbe: repositories,
    GitCommitProbe: commit,
    GitMovesProbe: moves,
}
