"""Answers about repositories and their commits, by ostree (agent side)."""

from __future__ import annotations

import filecmp
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

from lab_engine.common.paths import WATCHED
from lab_engine.common.probe import Probe
from lab_engine.families.ostree import probes as s
from lab_engine.families.ostree.agent.command import installed, run, settings

DEPTH: Final = 3
"""Folders below a watched one in which repositories and disks are sought."""
MOST: Final = 20
_COMMIT: Final = re.compile(r"^commit ([0-9a-f]{64})$", re.MULTILINE)
_SUBJECT: Final = re.compile(r"^    (\S.*)$", re.MULTILINE)
_REMOTE: Final = re.compile(r'remote "(.*)"\Z')
_SIGNATURES: Final = "ostree.gpgsigs"
_OBJECTS: Final = frozenset({"config", "objects", "refs"})
_COLUMNS: Final = 6
"""Of `ostree ls -R -C`: kind and mode, user, group, size, checksum, path."""


def repository(probe: s.OstreeRepositoryProbe) -> s.OstreeRepositoryReading:
    listed = run(probe.path, "refs", "--revision")
    if listed.code != 0:
        return s.OstreeRepositoryReading(exists=False)
    about = settings(Path(probe.path, "config"))
    remotes = {}
    for section in about.sections():
        if named := _REMOTE.match(section):
            remotes[named[1]] = about.get(section, "url", fallback="")
    lines = map(str.split, listed.out.splitlines())
    return s.OstreeRepositoryReading(
        mode=_mode(about.get("core", "mode", fallback="")),
        refs={words[0]: words[1] for words in lines if words[1:]},
        remotes=remotes,
    )


def _mode(word: str) -> str:
    # Its older name, which `ostree init` still writes (ostree-init(1)).
    return "archive" if word == "archive-z2" else word


def commit(probe: s.OstreeCommitProbe) -> s.OstreeCommitReading:
    found = resolved(probe.path, probe.revision)
    if not found:
        return s.OstreeCommitReading(exists=False)
    log = run(probe.path, "log", found)
    listed = run(probe.path, "ls", "-R", "-C", found)
    if log.code != 0 or listed.code != 0:
        return s.OstreeCommitReading(exists=False)
    files = dict(_files(listed.out))
    subject = _SUBJECT.search(log.out)
    for path in probe.reads:
        if (one := files.get(path)) is not None and one.size <= s.CONTENT_LIMIT and not one.link:
            content = run(probe.path, "cat", found, path).out
            files[path] = msgspec.structs.replace(one, content=content)
    asked = dict.fromkeys(path for path in probe.reads if path in files)
    history = tuple(_COMMIT.findall(log.out))[: s.HISTORY_LIMIT]
    kept = [*asked, *(path for path in files if path not in asked)][: s.FILE_LIMIT]
    return s.OstreeCommitReading(
        id=found,
        subject=subject[1] if subject else "",
        history=history,
        signed=tuple(one for one in history if _signed(probe.path, one)),
        files={path: files[path] for path in sorted(kept)},
        total=len(files),
    )


def _signed(path: str, commit: str) -> bool:
    # A commit without any such file needs no program to tell: most have none.
    if not Path(path, "objects", commit[:2], f"{commit[2:]}.commitmeta").exists():
        return False
    return run(path, "show", f"--print-detached-metadata-key={_SIGNATURES}", commit).code == 0


def resolved(path: str, revision: str) -> str:
    """The checksum that a revision stands for; empty for none."""
    # What begins with a dash would be an option.
    if not revision or revision.startswith("-"):
        return ""
    said = run(path, "rev-parse", revision)
    return said.out.strip() if said.code == 0 else ""


def _files(listed: str) -> Iterator[tuple[str, s.OstreeFile]]:
    for line in listed.splitlines():
        if line[:1] not in "-l" or len(words := line.split(None, 5)) != _COLUMNS:
            continue
        mode, _, _, size, checksum, name = words
        path, _, link = name.partition(" -> ") if line.startswith("l") else (name, "", "")
        yield path, s.OstreeFile(checksum, int(size), int(mode[1:], 8), link)


def checkout(probe: s.OstreeCheckoutProbe) -> s.OstreeCheckoutReading:
    folder = Path(probe.folder)
    found = resolved(probe.path, probe.revision)
    listed = run(probe.path, "ls", "-R", "-C", found) if found else None
    if listed is None or listed.code != 0:
        return s.OstreeCheckoutReading(exists=False)
    if not folder.is_dir():
        return s.OstreeCheckoutReading(exists=False, folder=False)
    wanted = dict(_files(listed.out))
    differs, shared = [], 0
    for path, one in wanted.items():
        same, linked = _same(Path(probe.path), one, Path(f"{folder}{path}"))
        differs += [] if same else [path]
        shared += linked
    differs += [path for path in _there(folder) if path not in wanted]
    plain = sum(not one.link for one in wanted.values())
    return s.OstreeCheckoutReading(
        differs=tuple(sorted(differs)[: s.FILE_LIMIT]), shared=shared, total=plain
    )


def _same(repository: Path, wanted: s.OstreeFile, there: Path) -> tuple[bool, bool]:
    """Whether a path is that file of a commit, and whether it is the repository's very own."""
    try:
        if wanted.link:
            return str(there.readlink()) == wanted.link, False
        kept = repository / "objects" / wanted.checksum[:2] / f"{wanted.checksum[2:]}.file"
        if there.is_symlink() or not there.is_file():
            return False, False
        if kept.samefile(there):
            return True, True
        return filecmp.cmp(kept, there, shallow=False), False
    except OSError:
        return False, False


def _there(folder: Path) -> Iterator[str]:
    for where, folders, files in os.walk(folder):
        links = [name for name in folders if os.path.islink(f"{where}/{name}")]  # noqa: PTH114
        for name in (*files, *links):
            yield f"{where}/{name}"[len(str(folder)) :]


def sound(probe: s.OstreeSoundProbe) -> s.OstreeSoundReading:
    if run(probe.path, "refs").code != 0:
        return s.OstreeSoundReading(exists=False)
    said = run(probe.path, "fsck", "--quiet")
    return s.OstreeSoundReading(sound=said.code == 0, why=said.err.strip()[-300:])


def everything(_: s.OstreesProbe) -> s.OstreesReading:
    if not installed():
        return s.OstreesReading()
    found = [one for root in WATCHED for one in _below(root, DEPTH)]
    return s.OstreesReading(
        tuple(path for kind, path in found if kind == "repository")[:MOST],
        tuple(path for kind, path in found if kind == "sysroot")[:MOST],
    )


def _below(root: str, depth: int) -> Iterator[tuple[str, str]]:
    try:
        with os.scandir(root) as listed:
            entries = sorted(listed, key=lambda entry: entry.name)
    except OSError:
        return
    # A bare repository of git has folders of the same names.
    if {entry.name for entry in entries} >= _OBJECTS and settings(Path(root, "config")).has_option(
        "core", "repo_version"
    ):
        yield "repository", root
    elif Path(root, "ostree/repo").is_dir():
        yield "sysroot", root
    elif depth:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from _below(entry.path, depth - 1)


READERS: Final[dict[type[Probe[Any]], Callable[[Any], msgspec.Struct]]] = {
    s.OstreeRepositoryProbe: repository,
    s.OstreeCommitProbe: commit,
    s.OstreeCheckoutProbe: checkout,
    s.OstreeSoundProbe: sound,
    s.OstreesProbe: everything,
}
