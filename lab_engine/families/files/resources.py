"""Files, folder trees and mounts in the bench."""

from __future__ import annotations

import re
from typing import Final

import msgspec

from lab_engine.common import quantities
from lab_engine.common.paths import (
    mode_problem,
    owner_problem,
    path_problem,
    relative_problem,
)
from lab_engine.common.resource import Need, Resource

CONTENT_LIMIT: Final = 1 << 20
_KEY = re.compile(r"[a-z-]+/\S+\Z")


class _Placed(Resource, frozen=True, kw_only=True):
    """`within` is the key of a resource that makes the place (`tmpfs/cache`), if one does."""

    within: str = ""

    def check_within(self) -> None:
        if self.within and not _KEY.match(self.within):
            raise self.wrong(
                "within", f"{self.within!r} is not a resource's key", hint="Write `tmpfs/cache`."
            )

    def needs(self) -> tuple[Need, ...]:
        return (Need(self.within),) if self.within else ()


class File(_Placed, frozen=True, kw_only=True, tag="file"):
    """A file with the given text. Missing parent folders are made, and removed with it if empty.

    `owner` is a user, or `user:group`; the group defaults to the user's own.

    Example::

        File("motd", path="/home/learner/work/motd", content="hello", mode=0o600)
    """

    path: str
    content: str = ""
    owner: str = "learner"
    mode: int = 0o644

    def validate(self) -> None:
        for field, problem in (
            ("path", path_problem(self.path)),
            ("owner", owner_problem(self.owner)),
            ("mode", mode_problem(self.mode)),
        ):
            if problem:
                raise self.wrong(field, problem)
        if len(self.content.encode()) > CONTENT_LIMIT:
            raise self.wrong("content", f"is longer than {CONTENT_LIMIT} bytes")
        self.check_within()


class Directory(_Placed, frozen=True, kw_only=True, tag="directory"):
    """A folder with files in it; `files` maps relative paths to text.

    What others add to it later is not drift, and goes with the folder when it is removed.
    `mode` is that of folders, `file_mode` that of files.

    Example::

        Directory("site", path="/srv/site", files={"index.html": "hello", "css/a.css": ""})
    """

    path: str
    files: dict[str, str] = msgspec.field(default_factory=dict)
    owner: str = "learner"
    mode: int = 0o755
    file_mode: int = 0o644

    def validate(self) -> None:
        for field, problem in (
            ("path", path_problem(self.path)),
            ("owner", owner_problem(self.owner)),
            ("mode", mode_problem(self.mode)),
            ("file_mode", mode_problem(self.file_mode)),
        ):
            if problem:
                raise self.wrong(field, problem)
        for relative, content in self.files.items():
            if problem := relative_problem(relative):
                raise self.wrong(f"files[{relative!r}]", problem)
            if any(other.startswith(relative + "/") for other in self.files):
                raise self.wrong(f"files[{relative!r}]", "is a file and a folder at once")
            if len(content.encode()) > CONTENT_LIMIT:
                raise self.wrong(f"files[{relative!r}]", f"is longer than {CONTENT_LIMIT} bytes")
        self.check_within()


class Mount(_Placed, frozen=True, kw_only=True, tag="mount"):
    """A bind mount: what is at `source` is shown at `target` too. The target is made if missing.

    `source_from` is the key of the resource that makes the source, if one does.

    Example::

        Mount("shown", source="/srv/site", target="/mnt/site", read_only=True)
    """

    source: str
    target: str
    read_only: bool = False
    source_from: str = ""

    def validate(self) -> None:
        for field, path in (("source", self.source), ("target", self.target)):
            if problem := path_problem(path):
                raise self.wrong(field, problem)
        if self.source == self.target:
            raise self.wrong("target", "is the source itself")
        if self.source_from and not _KEY.match(self.source_from):
            raise self.wrong("source_from", f"{self.source_from!r} is not a resource's key")
        self.check_within()

    def needs(self) -> tuple[Need, ...]:
        keys = dict.fromkeys(key for key in (self.source_from, self.within) if key)
        return tuple(Need(key) for key in keys)


class Tmpfs(_Placed, frozen=True, kw_only=True, tag="tmpfs"):
    """A filesystem in memory, of at most `size` (bytes, or with k, m or g).

    Example::

        Tmpfs("cache", target="/mnt/cache", size="64m")
    """

    target: str
    size: str = "16m"
    mode: int = 0o755
    owner: str = "root"

    def validate(self) -> None:
        for field, problem in (
            ("target", path_problem(self.target)),
            ("mode", mode_problem(self.mode)),
            ("owner", owner_problem(self.owner)),
        ):
            if problem:
                raise self.wrong(field, problem)
        try:
            enough = self.bytes >= 4096
        except ValueError:
            enough = False
        if not enough:
            raise self.wrong("size", f"{self.size!r} is not a size", hint="Write 16m, 64k or 1g.")
        self.check_within()

    @property
    def bytes(self) -> int:
        """Of `size`. Raises ValueError before `validate` has passed."""
        return quantities.size(self.size)
