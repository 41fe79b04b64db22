"""Statements about repositories, what was committed, and what was pushed (client side)."""

from __future__ import annotations

from collections.abc import Mapping

from lab_engine.common.evidence import See, require
from lab_engine.common.kindly import as_read
from lab_engine.families.git.probes import (
    GitCommitProbe,
    GitCommitReading,
    GitPushProbe,
    GitPushReading,
    GitRepositoryProbe,
    GitRepositoryReading,
)

SHORT = 7


async def require_repository(
    see: See, path: str, *, bare: bool | None = None
) -> GitRepositoryReading:
    """The folder itself is a git repository, and not one inside another. One round trip.

        await require_repository(see, "/srv/git/shop.git", bare=True)

    Reasons: `no-repository`, `not-bare`, `bare`.
    """
    found = await see(GitRepositoryProbe(path))
    require(
        found.exists,
        "no-repository",
        expected=f"{path} is a git repository.",
        observed="It is none.",
        look=f"ls -a {path} || true",
    )
    require(
        bare is None or found.bare is bare,
        "not-bare" if bare else "bare",
        expected=f"{path} is a bare repository." if bare else f"{path} has a work tree.",
        observed="It has a work tree." if bare else "It is bare.",
        look=f"git -C {path} rev-parse --is-bare-repository",
    )
    return found


async def require_committed(
    see: See,
    path: str,
    *,
    files: Mapping[str, str] | None = None,
    without: tuple[str, ...] = (),
    onto: str = "",
    clean: bool = True,
) -> GitCommitReading:
    """A repository stands on a commit that has these files. One round trip.

        await require_committed(see, "/home/learner/work/shop", files={"index.html": "hello"})

    Reasons: `no-repository`, `no-commit`, `lost-history`, `no-such-file`, `other-content`,
    `still-there`, `not-committed`.

    Args:
        see: the check's way to ask.
        path: the folder of the work tree, or of a bare repository.
        files: relative path to text, read kindly; an empty text stands for any.
        without: files that it must not have.
        onto: the id of a commit that must be among its ancestors, or be it.
        clean: whether the work tree must be as the commit, in what the commit has.
    """
    there, found = await see(GitRepositoryProbe(path), GitCommitProbe(path))
    log = f"git -C {path} log --oneline || true"
    require(
        there.exists,
        "no-repository",
        expected=f"{path} is a git repository.",
        observed="It is none.",
        look=f"ls -a {path} || true",
    )
    require(
        found.exists,
        "no-commit",
        expected=f"Something is committed in {path}.",
        observed="There is no commit yet.",
        look=f"git -C {path} status",
    )
    require(
        not onto or onto in found.history,
        "lost-history",
        expected=f"The commit {onto[:SHORT]} is kept; new ones come on top of it.",
        observed=f"{found.id[:SHORT]} does not descend from it.",
        look=log,
    )
    for name, text in (files or {}).items():
        one = found.files.get(name)
        require(
            one is not None,
            "no-such-file",
            expected=f"The last commit has a file {name}.",
            observed=f"It has: {', '.join(found.files) or 'nothing'}.",
            look=f"git -C {path} ls-tree -r --name-only HEAD",
        )
        require(
            not text or (one is not None and as_read(one.content) == as_read(text)),
            "other-content",
            expected=f"In the last commit, {name} says {as_read(text)[:60]!r}.",
            observed=f"It says {as_read(one.content)[:60]!r}." if one else "",
            look=f"git -C {path} show HEAD:{name}",
        )
    odd = [name for name in without if name in found.files]
    require(
        not odd,
        "still-there",
        expected=f"The last commit has no {', '.join(without)}.",
        observed=f"It has {', '.join(odd)}.",
        look=f"git -C {path} ls-tree -r --name-only HEAD",
    )
    changed = [name for name in there.changed if name in found.files]
    require(
        not clean or not changed,
        "not-committed",
        expected=f"All changes in {path} are committed.",
        observed=f"Not yet: {', '.join(changed)}.",
        look=f"git -C {path} status --short",
    )
    return found


async def require_pushed(see: See, work: str, repository: str, *, branch: str = "main") -> str:
    """A branch of `repository` is at the very commit that `work` stands on. One round trip.

        await require_pushed(see, "/home/learner/work/shop", "/srv/git/shop.git")

    Returns the commit's id. Reasons: `no-repository`, `no-commit`, `nothing-pushed` (there is no
    such branch), `other-branch` (the commit came, but to another one), `not-pushed`.

    Args:
        see: the check's way to ask.
        work: the folder of the repository from which it was pushed.
        repository: the one to which.
        branch: its branch.
    """
    mine, theirs = await see(GitRepositoryProbe(work), GitRepositoryProbe(repository))
    for path, one in ((work, mine), (repository, theirs)):
        require(
            one.exists,
            "no-repository",
            expected=f"{path} is a git repository.",
            observed="It is none.",
            look=f"ls -a {path} || true",
        )
    require(
        mine.commit,
        "no-commit",
        expected=f"Something is committed in {work}.",
        observed="There is no commit yet.",
        look=f"git -C {work} status",
    )
    there = theirs.branch(branch)
    elsewhere = [ref for ref, commit in theirs.refs.items() if commit == mine.commit]
    require(
        there == mine.commit or not elsewhere,
        "other-branch",
        expected=f"The last commit of {work} is on the branch {branch} of {repository}.",
        observed=f"It is on {', '.join(elsewhere)} there.",
        look=f"git ls-remote {repository}",
    )
    require(
        there,
        "nothing-pushed",
        expected=f"{repository} has a branch {branch}.",
        observed="It has none: no push to it was accepted.",
        look=f"git ls-remote {repository}",
    )
    require(
        there == mine.commit,
        "not-pushed",
        expected=f"{branch} of {repository} is at {mine.commit[:SHORT]}, as {work} is.",
        observed=f"It is at {there[:SHORT]}.",
        look=f"git ls-remote {repository}; git -C {work} log --oneline",
    )
    return there


async def require_hook(see: See, path: str, name: str) -> GitRepositoryReading:
    """A repository has a hook of this name, and git runs it. One round trip.

        await require_hook(see, "/srv/git/shop.git", "pre-receive")

    Reasons: `no-repository`, `no-hook`, `not-executable`.
    """
    found = await require_repository(see, path)
    others = ", ".join(found.hooks) or "none"
    look = f"ls -l {path}/hooks"
    require(
        name in found.hooks,
        "no-hook",
        expected=f"{path} has a hook {name}.",
        observed=f"Its hooks: {others}.",
        look=look,
    )
    require(
        found.hooks.get(name),
        "not-executable",
        expected=f"git can run the hook {name} of {path}.",
        observed="It is not executable, so git passes it over.",
        look=look,
    )
    return found


async def require_push_refused(
    see: See, path: str, files: Mapping[str, str], *, branch: str = "main", seconds: float = 5.0
) -> GitPushReading:
    """A push with these files is refused by the repository, and moves nothing.

        await require_push_refused(see, "/srv/git/shop.git", {"main.c": "int main;"})

    It is tried on a copy, with its hooks. One round trip, as long as they take.

    Reasons: `no-repository`, `not-tried`, `too-slow`, `moved` (said to be refused, or complained
    about, but the branch has moved), `taken`.
    """
    found = await see(GitPushProbe(path, dict(files), branch, seconds))
    look = f"ls -l {path}/hooks || true"
    require(
        found.exists,
        "no-repository",
        expected=f"{path} is a git repository.",
        observed="It is none.",
        look=f"ls -a {path} || true",
    )
    require(
        found.ran,
        "not-tried",
        expected=f"A push to a copy of {path} can be tried.",
        observed=f"It cannot: {found.why[:120]}.",
        look=look,
    )
    require(
        not found.timed_out,
        "too-slow",
        expected=f"A push to {path} is answered within {seconds:g} s.",
        observed="It was still going on then.",
        look=look,
    )
    names = ", ".join(sorted(files))
    said = [line for line in found.said.splitlines() if line.startswith("remote: ")]
    told = f" Its hooks said: {said[-1].removeprefix('remote: ').strip()[:80]!r}." if said else ""
    require(
        not (found.moved and said),
        "moved",
        expected=f"A push that has only {names} is refused, and {branch} stays where it is.",
        observed=f"In a trial, {branch} moved all the same.{told}",
        look=look,
    )
    require(
        not found.moved and found.code != 0,
        "taken",
        expected=f"A push that has only {names} is refused.",
        observed=f"In a trial it was taken.{told}",
        look=look,
    )
    return found
