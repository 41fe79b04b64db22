"""Statements about repositories of systems and whose commits they believe (client side)."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping

from lab_engine.common.evidence import See, require
from lab_engine.common.kindly import as_read
from lab_engine.families.ostree.probes import (
    OstreeCheckoutProbe,
    OstreeCheckoutReading,
    OstreeCommitProbe,
    OstreeCommitReading,
    OstreeForgeryProbe,
    OstreeRepositoryProbe,
    OstreeRepositoryReading,
    OstreeSignatureProbe,
    OstreeSoundProbe,
)

SHORT = 10
_HASH = re.compile(r"[0-9a-f]{64}")


async def require_ostree_commit(
    see: See,
    path: str,
    revision: str,
    *,
    files: Mapping[str, str] | None = None,
    mode: str = "",
) -> OstreeCommitReading:
    """A repository of OSTree has a commit for a revision, with these files. One round trip.

        await require_ostree_commit(
            see, "/srv/systems", "acorn/stable", files={"/usr/lib/os-release": "VERSION_ID=2"}
        )

    Reasons, in this order: `no-repository`, `other-mode`, `no-branch` (no such branch at all),
    `no-commit` (the branch is there, and not so many commits), `one-folder-deeper` (the files lie
    in a folder of the tree), `no-such-file`, `other-content`.

    Args:
        see: the check's way to ask.
        path: the folder of the repository.
        revision: a branch or a checksum, with `^` for the commit before.
        files: path from the tree's root to a line that the file has; an empty one stands for any.
        mode: how the repository keeps files; empty for any.
    """
    files = files or {}
    branch = revision.rstrip("^")
    there, found = await see(
        OstreeRepositoryProbe(path), OstreeCommitProbe(path, revision, tuple(files))
    )
    _repository(there, path, mode)
    log = f"ostree --repo={path} log {shlex.quote(branch)} || ostree --repo={path} refs"
    has = ", ".join(sorted(there.refs)) or "none"
    require(
        found.exists or branch in there.refs,
        "no-branch",
        expected=f"{path} has a branch {branch}.",
        observed=f"Its branches: {has}.",
        look=f"ostree --repo={path} refs",
    )
    require(
        found.exists,
        "no-commit",
        expected=f"{path} has a commit {revision}.",
        observed=f"There are not so many commits on {branch}.",
        look=log,
    )
    tree = f"ostree --repo={path} ls -R {shlex.quote(revision)}"
    for name, line in files.items():
        one = found.files.get(name)
        deeper = [other for other in found.files if other.count("/") > 1 and other.endswith(name)]
        require(
            one is not None or not deeper,
            "one-folder-deeper",
            expected=f"{revision} has {name}.",
            observed=f"It has {', '.join(deeper[:2])}.",
            look=tree,
        )
        require(
            one is not None,
            "no-such-file",
            expected=f"{revision} has a file {name}.",
            observed=f"It has {found.total} files, and not that one.",
            look=tree,
        )
        require(
            not line or (one is not None and line in map(str.strip, one.content.splitlines())),
            "other-content",
            expected=f"In {revision}, {name} has the line {line!r}.",
            observed=f"It says {as_read(one.content)[:100]!r}." if one else "",
            look=f"ostree --repo={path} cat {shlex.quote(revision)} {name}",
        )
    return found


async def require_ostree_checkout(
    see: See, path: str, revision: str, folder: str
) -> OstreeCheckoutReading:
    """A folder is a commit, and its files are the repository's own. One round trip.

    Only a repository that keeps files plain can share them.

        await require_ostree_checkout(see, "/srv/systems", "acorn/stable^", "/srv/old")

    Reasons: `no-commit`, `no-folder`, `packed` (the repository's mode is `archive`), `other-tree`
    (something is otherwise, or there is more or less), `copied` (the same files, with room of
    their own).
    """
    there, found = await see(
        OstreeRepositoryProbe(path), OstreeCheckoutProbe(path, revision, folder)
    )
    require(
        found.exists or not found.folder,
        "no-commit",
        expected=f"{path} has a commit {revision}.",
        observed="It has none.",
        look=f"ostree --repo={path} refs || true",
    )
    require(
        found.folder,
        "no-folder",
        expected=f"There is a folder {folder}.",
        observed="There is none.",
        look=f"ls -ld {folder} || true",
    )
    require(
        there.mode != "archive",
        "packed",
        expected=f"{path} keeps its files plain, so that {folder} can share them.",
        observed="It keeps them packed: its mode is archive.",
        look=f"cat {path}/config",
    )
    require(
        not found.differs,
        "other-tree",
        expected=f"{folder} is the tree of {revision}, file by file.",
        observed=f"These are other files, or missing on one side: {', '.join(found.differs[:3])}.",
        look=f"ostree --repo={path} ls -R {shlex.quote(revision)}; find {folder}",
    )
    require(
        found.shared == found.total,
        "copied",
        expected=f"All {found.total} files of {folder} are the repository's own.",
        observed=f"{found.total - found.shared} of them are copies.",
        look=f"find {folder} -type f -links 1",
    )
    return found


async def require_ostree_sound(see: See, path: str) -> None:
    """Each object of a repository is what its name says, hashed again. One round trip.

        await require_ostree_sound(see, "/srv/kiosk/ostree/repo")

    Reasons: `no-repository`, `damaged`.
    """
    found = await see(OstreeSoundProbe(path))
    _repository(OstreeRepositoryReading(exists=found.exists), path)
    require(
        found.sound,
        "damaged",
        expected=f"What {path} holds is what was committed.",
        observed=f"It is not. OSTree found: {_in_short(found.why)}.",
        look=f"sudo ostree --repo={path} fsck || true",
    )


async def require_ostree_trust(see: See, path: str, remote: str, revision: str) -> str:
    """A commit is signed by a key that is kept for a remote, and what others give is refused.

        await require_ostree_trust(
            see, "/srv/kiosk/ostree/repo", "vendor", "vendor:acorn/stable"
        )

    The refusal is tried, in a copy of the repository's settings. One round trip. Returns the key.

    Reasons, in this order: `no-repository`, `no-remote`, `no-branch`, `unsigned`, `no-key` (none is
    kept, and an unsigned commit would be taken), `key-missing` (none is kept), `other-key`,
    `takes-anything` (an unsigned commit would be taken), `not-tried`,
    `more-keys` (somebody else's would be taken).

    Args:
        see: the check's way to ask.
        path: the folder of the repository that pulls.
        remote: what it calls the one that it pulls from.
        revision: what was pulled.
    """
    there, signed, tried = await see(
        OstreeRepositoryProbe(path),
        OstreeSignatureProbe(path, revision, remote),
        OstreeForgeryProbe(path, remote),
    )
    _repository(there, path)
    require(
        remote in there.remotes,
        "no-remote",
        expected=f"{path} knows a remote {remote}.",
        observed=f"Its remotes: {', '.join(there.remotes) or 'none'}.",
        look=f"ostree --repo={path} remote list -u",
    )
    require(
        signed.exists,
        "no-branch",
        expected=f"{revision} was pulled.",
        observed=f"It has: {', '.join(there.refs) or 'nothing'}.",
        look=f"ostree --repo={path} refs",
    )
    show = f"ostree --repo={path} show {shlex.quote(revision)}"
    require(
        signed.keys,
        "unsigned",
        expected=f"{revision} is signed.",
        observed="Nobody signed it.",
        look=show,
    )
    require(
        signed.kept or signed.good,
        "key-missing" if tried.refused else "no-key",
        expected=f"{revision} is signed by a key that {path} keeps for {remote}.",
        observed=f"It keeps none for {remote}.",
        look=f"ostree --repo={path} remote gpg-list-keys {remote}; cat {path}/config",
    )
    require(
        signed.good,
        "other-key",
        expected=f"{revision} is signed by a key that {path} keeps for {remote}.",
        observed=f"It is signed by {', '.join(signed.keys)}, which it does not keep.",
        look=f"ostree --repo={path} remote gpg-list-keys {remote}",
    )
    require(
        tried.refused or not tried.tried,
        "takes-anything",
        expected=f"{path} takes only signed commits from {remote}.",
        observed="In a trial it took one that nobody signed.",
        look=f"cat {path}/config",
    )
    require(
        tried.tried,
        "not-tried",
        expected="It can be tried whether an unsigned commit is refused.",
        observed=f"It cannot: {tried.said[-120:]}.",
        look=f"cat {path}/config",
    )
    require(
        not signed.others,
        "more-keys",
        expected=f"{path} keeps no key for {remote} but that of whoever signed {revision}.",
        observed=f"It keeps that of {' and of '.join(signed.others)}, too.",
        look=f"ostree --repo={path} remote gpg-list-keys {remote}",
    )
    return signed.good[0]


def _in_short(said: str) -> str:
    """What `ostree fsck` found, without the list of commits before it, and with short hashes."""
    _, _, found = said.rpartition("fsck ")
    return _HASH.sub(lambda one: one[0][:SHORT], found)[:160]


def _repository(found: OstreeRepositoryReading, path: str, mode: str = "") -> None:
    require(
        found.exists,
        "no-repository",
        expected=f"{path} is a repository of OSTree.",
        observed="It is none.",
        look=f"ls -a {path} || true",
    )
    require(
        mode in ("", found.mode),
        "other-mode",
        expected=f"{path} has the mode {mode}.",
        observed=f"It has the mode {found.mode}.",
        look=f"cat {path}/config",
    )
