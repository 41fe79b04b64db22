"""The mark on files and folders, and what they share: owners, parents, safe removal.

A mark is the extended attribute `trusted.infralab`, which only root sees and sets. It holds
`Mark.text` and the path it was given for, since `cp -a` and `mv` as root carry attributes along:
a copy somewhere else is the learner's, not ours. `getfattr -m - -d PATH` shows it.
"""

from __future__ import annotations

import errno
import grp
import os
import pwd
import shutil
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from lab_engine.common.paths import ALLOWED
from lab_engine.errors import ProviderError
from lab_engine.families.provider import Mark, Owned
from lab_engine.kernel import mountinfo, protection, trees

XATTR: Final = "trusted.infralab"
STAGED: Final = ".infralab-new~"
"""Begins the name of what is still being made. The rest of the name is the mark, so that a crash
between making and marking leaves nothing that cannot be told apart."""


_MAKING: Final = threading.Lock()


class Marked(NamedTuple):
    """Something that bears a mark. `above`: a folder that only gives the real thing a place."""

    path: str
    text: str
    above: bool = False

    @property
    def staged(self) -> bool:
        return Path(self.path).name.startswith(STAGED)


def set_mark(target: str | int, text: str, path: str, *, above: bool = False) -> None:
    """Mark a file or folder (path or descriptor) as made at `path`.

    Raises ProviderError where the filesystem keeps no trusted attributes.
    """
    try:
        os.setxattr(target, XATTR, f"{text}\n{path}\n{'above' if above else ''}".encode())
    except OSError as error:
        raise ProviderError(
            f"{path} cannot be marked: {error.strerror}",
            hint="Choose a path on ext4, xfs, btrfs, overlay or tmpfs.",
        ) from error


def staged_path(path: str, text: str) -> Path:
    """Where to make what will be moved to `path`."""
    _, session, key = text.split(":", 2)
    return Path(path).with_name(STAGED + "~".join((session, *key.split("/", 1))))


def _mark_in_name(name: str) -> str:
    session, kind, rest = [*name.removeprefix(STAGED).split("~", 2), "", ""][:3]
    return Mark(session).text(f"{kind}/{rest}")


def look(path: str) -> Marked | None:
    """The mark on `path`; None when there is none, or when it was made for another path."""
    if Path(path).name.startswith(STAGED):
        return Marked(path, _mark_in_name(Path(path).name))
    try:
        value = os.getxattr(path, XATTR, follow_symlinks=False).decode(errors="replace")
    except OSError as error:
        if error.errno in (errno.ENODATA, errno.ENOENT, errno.ENOTDIR, errno.ENOTSUP, errno.EPERM):
            return None
        raise
    text, made_for, role = [*value.split("\n"), "", ""][:3]
    return Marked(path, text, role == "above") if made_for == path else None


def bears(path: str, text: str) -> bool:
    """Whether `path` is the very thing that was made with this mark."""
    found = look(path)
    return found is not None and found.text == text and not found.above


def clear_mark(path: str) -> None:
    try:
        os.removexattr(path, XATTR, follow_symlinks=False)
    except OSError as error:
        if error.errno not in (errno.ENODATA, errno.ENOENT):
            raise


def marked(roots: tuple[str, ...] = ALLOWED) -> Iterator[Marked]:
    """Everything marked below `roots`, folders before what is in them."""
    for entry in trees.walk(roots):
        if found := look(entry.path):
            yield found


def owned(kind: str) -> set[Owned]:
    """Everything marked whose key is of `kind`."""
    found = (Owned.parse(one.text) for one in marked())
    return {one for one in found if one is not None and one.key.startswith(f"{kind}/")}


def ids(owner: str) -> tuple[int, int]:
    """The numbers of `user` or `user:group`. Raises ProviderError for one that is not there."""
    user, _, group = owner.partition(":")
    try:
        entry = pwd.getpwnam(user)
        return entry.pw_uid, grp.getgrnam(group).gr_gid if group else entry.pw_gid
    except KeyError as error:
        raise ProviderError(
            f"there is no user or group {owner!r} here", hint="Use learner or root."
        ) from error


def owner_name(info: os.stat_result) -> str:
    """`user:group` of a file, with numbers where no name exists."""
    try:
        user = pwd.getpwuid(info.st_uid).pw_name
    except KeyError:
        user = str(info.st_uid)
    try:
        group = grp.getgrgid(info.st_gid).gr_name
    except KeyError:
        group = str(info.st_gid)
    return f"{user}:{group}"


def access_drift(path: str, info: os.stat_result, owner: str, mode: int) -> str:
    """How mode and owner differ from what is wanted; empty when they do not."""
    if stat.S_IMODE(info.st_mode) != mode:
        return f"{path} has mode {stat.S_IMODE(info.st_mode):04o}, wanted {mode:04o}"
    if (info.st_uid, info.st_gid) != ids(owner):
        return f"{path} belongs to {owner_name(info)}, wanted {owner}"
    return ""


@contextmanager
def removing(key: str, what: str = "removed") -> Iterator[None]:
    """Turns an OSError into a ProviderError: the resource `key` cannot be `what`."""
    try:
        yield
    except OSError as error:
        raise ProviderError(f"cannot be {what}: {error.strerror}", resource=key) from error


def make_parents(path: str, text: str, owner: str) -> None:
    """Make the missing folders above `path`, each marked as made for the same resource."""
    # Two resources that are made side by side may miss the same folder.
    with _MAKING:
        missing = [folder for folder in Path(path).parents if not folder.exists()]
        if not missing:
            return
        top = missing[-1]
        staged = staged_path(str(top), text)
        remove(str(staged))
        user, group = ids(owner)
        for folder in reversed(missing):
            made = staged / folder.relative_to(top)
            made.mkdir()
            os.chown(made, user, group)
            set_mark(str(made), text, str(folder), above=True)
        # All or nothing: each folder is marked before any of them is in its place.
        staged.rename(top)


def remove(path: str) -> None:
    """Remove a file or a whole folder. Absent is not an error.

    Raises ProviderError when something is mounted there or inside: its files are somebody's.
    """
    entries = mountinfo.mounts()
    inner = [entry for entry in entries if entry.target == path] + mountinfo.below(path, entries)
    if inner:
        raise ProviderError(
            f"{path} cannot be removed: something is mounted at {inner[-1].target}",
            hint=f"Take the mount off first: sudo umount {inner[-1].target}",
        )
    try:
        _remove(path)
    except PermissionError:
        # Root is refused only what somebody has protected.
        if not protection.take_off(path):
            raise
        _remove(path)


def _remove(path: str) -> None:
    try:
        if stat.S_ISDIR(Path(path).lstat().st_mode):
            shutil.rmtree(path)
        else:
            Path(path).unlink()
    except FileNotFoundError:
        return


def remove_marked(text: str) -> None:
    """Remove everything that bears the mark.

    A folder that was made only as a place stays, unmarked, when others keep things in it.
    """
    found = [one for one in marked() if one.text == text]
    for one in found:
        if not one.above:
            remove(one.path)
    _remove_empty([one.path for one in found if one.above])


def _remove_empty(folders: list[str]) -> None:
    # Inner ones first: rmdir takes only empty folders.
    for folder in sorted(folders, key=len, reverse=True):
        try:
            Path(folder).rmdir()
        except FileNotFoundError:
            continue
        except OSError as error:
            # What others keep in it since is theirs, and so is the folder then.
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST, errno.EBUSY):
                raise
            clear_mark(folder)


def describe(path: str) -> str:
    """What is at `path`, for messages."""
    try:
        mode = Path(path).lstat().st_mode
    except FileNotFoundError:
        return "nothing"
    for test, word in (
        (stat.S_ISLNK, "a symbolic link"),
        (stat.S_ISDIR, "a folder"),
        (stat.S_ISREG, "a file"),
    ):
        if test(mode):
            return word
    return "a special file"


def in_the_way(path: str, wanted: str) -> ProviderError:
    return ProviderError(
        f"{path} should become {wanted}, but {describe(path)} that is not ours is there",
        hint=f"Move it elsewhere: sudo mv {path} {path}.mine",
    )
