"""Repositories that a step begins with."""

from __future__ import annotations

import re
from typing import Final

import msgspec

from lab_engine.common.paths import owner_problem, path_problem, relative_problem
from lab_engine.common.resource import Need, Resource

_WORD: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\Z")
_HOOK: Final = re.compile(r"[a-z][a-z-]*\Z")
_AUTHOR: Final = re.compile(r"[^<>\n]+ <[^<>\s]+>\Z")


class GitRepository(Resource, frozen=True, kw_only=True, tag="git-repository"):
    r"""A repository, bare or with a work tree.

    What the learner commits or pushes later is no drift. A reflog is kept in it, so that
    `GitMovesProbe` can tell who moved a branch and when.

    Args:
        path: of the folder.
        bare: without a work tree, such as one that is pushed to.
        branch: the branch that it stands on, also while it has no commit.
        files: relative path to text of its first commit; none for no commit. Text that begins
            with `#!` becomes an executable file.
        message: of that commit.
        author: of that commit, as `Name <address>`.
        hooks: name to text of programs in its folder for hooks (githooks(5)).
        remotes: name to URL or path.
        owner: a user, or `user:group`.
        after: keys of further resources that it uses, such as `directory/platform`.

    Example::

        GitRepository("shop", path="/srv/git/shop.git", bare=True, hooks={"update": "#!/bin/sh\n"})
    """

    path: str
    bare: bool = False
    branch: str = "main"
    files: dict[str, str] = msgspec.field(default_factory=dict)
    message: str = "The beginning"
    author: str = "Ada <ada@lab.test>"
    hooks: dict[str, str] = msgspec.field(default_factory=dict)
    remotes: dict[str, str] = msgspec.field(default_factory=dict)
    owner: str = "learner"
    after: tuple[str, ...] = ()

    def validate(self) -> None:
        for field, problem in (
            ("path", path_problem(self.path)),
            ("owner", owner_problem(self.owner)),
        ):
            if problem:
                raise self.wrong(field, problem)
        if not _WORD.match(self.branch):
            raise self.wrong("branch", f"{self.branch!r} is no plain name of a branch")
        if not _AUTHOR.match(self.author):
            raise self.wrong("author", f"{self.author!r} is not written as Name <address>")
        for relative in self.files:
            problem = relative_problem(relative)
            if problem or relative.split("/")[0] == ".git":
                raise self.wrong(f"files[{relative!r}]", problem or "is git's own")
        for name in self.hooks:
            if not _HOOK.match(name):
                raise self.wrong(f"hooks[{name!r}]", "is no name of a hook")
        for name, url in self.remotes.items():
            if not _WORD.match(name) or not url or "\n" in url:
                raise self.wrong(f"remotes[{name!r}]", "is no name, or has no URL")
        for index, key in enumerate(self.after):
            if "/" not in key:
                raise self.wrong(f"after[{index}]", f"{key!r} is not a resource's key")

    def needs(self) -> tuple[Need, ...]:
        return tuple(Need(key) for key in self.after)
