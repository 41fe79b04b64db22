"""Questions about git repositories of the bench.

They are answered by git's own plumbing, as the repository's owner; no hook is run but by a trial
push. Commits are named by their whole ids. Times are seconds since 1970. Event topic: `file`, for
repositories in the watched folders.
"""

from __future__ import annotations

from typing import ClassVar, Final

import msgspec

from lab_engine.common.probe import Probe, Reading

CONTENT_LIMIT: Final = 64 * 1024
FILE_LIMIT: Final = 200
HISTORY_LIMIT: Final = 500
TOPICS: Final = frozenset({"file", "mount"})


class GitRepositoryReading(Reading, frozen=True):
    """A repository; `exists` is false for a folder that is none, also one inside another's.

    `head` is the branch that it stands on, empty when it stands on a commit; `commit` is that
    branch's, empty while there is none. `refs` maps whole names (`refs/heads/main`) to ids. `hooks`
    maps the hooks that are there to whether git runs them: one that is not executable is passed
    over (githooks(5)). `changed` are the paths that the work tree has otherwise than the commit,
    new ones too.
    """

    exists: bool = True
    bare: bool = False
    head: str = ""
    commit: str = ""
    refs: dict[str, str] = msgspec.field(default_factory=dict)
    hooks: dict[str, bool] = msgspec.field(default_factory=dict)
    remotes: dict[str, str] = msgspec.field(default_factory=dict)
    changed: tuple[str, ...] = ()
    owner: str = ""

    def branch(self, name: str) -> str:
        """The commit of a branch; empty when there is no such branch."""
        return self.refs.get(f"refs/heads/{name}", "")


class GitRepositoryProbe(Probe[GitRepositoryReading], frozen=True, tag="git-repository"):
    """A repository, by the folder of its work tree, or its own when it is bare.

    Example::

        GitRepositoryProbe("/srv/git/shop.git")
        reading.bare and reading.branch("main") and reading.hooks.get("pre-receive")
    """

    path: str

    reading: ClassVar[type[msgspec.Struct]] = GitRepositoryReading

    def topics(self) -> frozenset[str]:
        return TOPICS


class GitRepositoriesReading(Reading, frozen=True):
    """`paths` are the repositories in the watched folders, at most three folders deep."""

    paths: tuple[str, ...] = ()


class GitRepositoriesProbe(Probe[GitRepositoriesReading], frozen=True, tag="git-repositories"):
    """All repositories; none in a bench without git.

    Example::

        GitRepositoriesProbe()
        "/srv/git/shop.git" in reading.paths
    """

    reading: ClassVar[type[msgspec.Struct]] = GitRepositoriesReading

    def topics(self) -> frozenset[str]:
        return TOPICS


class GitFile(msgspec.Struct, frozen=True):
    """A file of a commit. `content` is its text up to CONTENT_LIMIT, empty for links."""

    blob: str
    executable: bool = False
    link: bool = False
    size: int = 0
    content: str = ""


class GitCommitReading(Reading, frozen=True):
    """A commit. `history` are its ancestors' ids, itself first, at most HISTORY_LIMIT.

    `author` and `committer` are as written, `Name <address>`: anybody can claim to be anybody.
    `files` are at most FILE_LIMIT of `total`.
    """

    exists: bool = True
    id: str = ""
    tree: str = ""
    parents: tuple[str, ...] = ()
    author: str = ""
    committer: str = ""
    committed_at: int = 0
    message: str = ""
    history: tuple[str, ...] = ()
    files: dict[str, GitFile] = msgspec.field(default_factory=dict)
    total: int = 0


class GitCommitProbe(Probe[GitCommitReading], frozen=True, tag="git-commit"):
    """What a branch, a tag or an id stands for, with its files.

    Example::

        GitCommitProbe("/srv/git/shop.git", "main")
        reading.exists and "index.html" in reading.files and len(reading.history) == 2
    """

    path: str
    revision: str = "HEAD"

    reading: ClassVar[type[msgspec.Struct]] = GitCommitReading

    def topics(self) -> frozenset[str]:
        return TOPICS


class GitMove(msgspec.Struct, frozen=True):
    """A ref went from `old` to `new`; an id of zeros stands for none.

    `who` is what the process that moved it was called, as `Name <address>`. That of a push is set
    where it arrives: it is the account's, not the commit's author.
    """

    old: str
    new: str
    who: str
    at: int
    why: str = ""


class GitMovesReading(Reading, frozen=True):
    """`moves` are oldest first.

    A repository may keep no such record, and whoever owns it can write it. `owner` is the user
    whose file the ref is, by the kernel: who pushed last, where each has an account of their own.
    """

    exists: bool = True
    moves: tuple[GitMove, ...] = ()
    owner: str = ""


class GitMovesProbe(Probe[GitMovesReading], frozen=True, tag="git-moves"):
    """How a branch moved and by whom, as far as the repository knows it (git-reflog(1)).

    Example::

        GitMovesProbe("/srv/git/shop.git", "main")
        reading.moves[-1].why == "push" and reading.owner == "learner"
    """

    path: str
    branch: str = "main"

    reading: ClassVar[type[msgspec.Struct]] = GitMovesReading

    def topics(self) -> frozenset[str]:
        return TOPICS


class GitPushReading(Reading, frozen=True):
    """What became of a trial push. `ran` is false when it could not be tried; `why` says why.

    `code` is git's exit code, `said` what it and the hooks printed. `moved` says whether the branch
    of the copy is at the pushed commit afterwards.
    """

    drifts: ClassVar[frozenset[str]] = frozenset({"said"})

    exists: bool = True
    ran: bool = True
    why: str = ""
    code: int = 0
    said: str = ""
    moved: bool = False
    timed_out: bool = False

    @property
    def taken(self) -> bool:
        return self.ran and not self.timed_out and self.code == 0


class GitPushProbe(Probe[GitPushReading], frozen=True, tag="git-push"):
    """Pushes a commit with these files into a copy of a repository, with its hooks.

    The commit comes on top of the branch, and has `files` and no others. The copy is of the same
    name, has at most 16 MiB, and is thrown away; all runs as the learner within limits of time and
    memory. What a hook does outside of the repository is done all the same: push what it refuses.

    Example::

        GitPushProbe("/srv/git/shop.git", {"main.c": "int main;"})
        not reading.taken and not reading.moved
    """

    path: str
    files: dict[str, str]
    branch: str = "main"
    seconds: float = 5.0

    reading: ClassVar[type[msgspec.Struct]] = GitPushReading

    def topics(self) -> frozenset[str]:
        return TOPICS
