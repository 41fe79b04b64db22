"""Statements about git repositories, in right ways and in wrong ones."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from lab_engine.authoring import (
    GitCommitProbe,
    GitMovesProbe,
    GitPushProbe,
    GitRepositoriesProbe,
    GitRepositoryProbe,
    See,
    require_committed,
    require_hook,
    require_push_refused,
    require_pushed,
    require_repository,
)
from lab_engine.bench.container import Bench
from lab_engine.session.check import Inquiry
from tests.requirements.conftest import Stage
from tests.requirements.packed import bench_with

pytestmark = [pytest.mark.bench, pytest.mark.slow]

WORK = "/home/learner/work"
SITE = f"{WORK}/site"
BARE = f"{WORK}/site.git"
PAGE = {"index.html": "hello"}
BROKEN = {"main.c": "int main;"}

SET = "git config --global user.name ann; git config --global user.email ann@lab.test; "
BEGIN = f"{SET}git init -q -b main site; cd site; echo hello > index.html; "
COMMIT = f"{BEGIN}git add .; git commit -qm first; "
PUSH = f"{COMMIT}git init -q --bare -b main ../site.git; git push -q ../site.git main; "
REFUSE = (
    "while read -r old new ref; do git cat-file -e $new:index.html || "
    "{ echo 'no page here'; exit 1; }; done"
)


def hook(name: str = "pre-receive", body: str = REFUSE, mode: str = "+x") -> str:
    return (
        f"{PUSH}printf '%s\\n' '#!/bin/bash' {body!r} > ../site.git/hooks/{name}; "
        f"chmod {mode} ../site.git/hooks/{name}; "
    )


@pytest.fixture(scope="module")
def bench(make_bench: Callable[..., Bench]) -> Bench:
    return bench_with(make_bench, "git")


async def is_bare(see: See) -> None:
    await require_repository(see, BARE, bare=True)


async def is_inside(see: See) -> None:
    await require_repository(see, f"{WORK}/x/inside")


async def committed(see: See) -> None:
    await require_committed(see, SITE, files=PAGE, without=("old.html",))


async def pushed(see: See) -> None:
    await require_pushed(see, SITE, BARE)


async def hooked(see: See) -> None:
    await require_hook(see, BARE, "pre-receive")


async def refuses(see: See) -> None:
    await require_push_refused(see, BARE, BROKEN)


@pytest.mark.parametrize(
    ("statement", "script", "reason"),
    [
        (is_bare, PUSH, "pass"),
        (is_bare, "true", "no-repository"),
        (is_bare, "mkdir site.git", "no-repository"),
        (is_bare, "touch site.git", "no-repository"),
        (is_bare, "mkfifo site.git", "no-repository"),
        (is_bare, "ln -s site.git site.git", "no-repository"),
        (is_inside, "git init -q x; mkdir x/inside", "no-repository"),
        (is_bare, "git init -q site.git", "not-bare"),
        (is_bare, f"{PUSH}cd ..; mv site.git there; ln -s there site.git", "pass"),
        (committed, COMMIT, "pass"),
        (committed, f"{COMMIT}echo x > untracked", "pass"),
        (committed, f"{COMMIT}git checkout -q --detach", "pass"),
        (committed, f"{COMMIT}cd ..; mv site s; git -C s worktree add -q ../site -b x", "pass"),
        (committed, BEGIN, "no-commit"),
        (committed, f"{BEGIN}git add .", "no-commit"),
        (committed, f"{BEGIN}git commit -qm nothing --allow-empty", "no-such-file"),
        (committed, f"{COMMIT}echo more > index.html; git commit -qam more", "other-content"),
        (committed, f"{COMMIT}echo more > index.html", "not-committed"),
        (committed, f"{COMMIT}cp index.html old.html; git add .; git commit -qm o", "still-there"),
        (committed, f"{COMMIT}rm -r .git/objects", "no-repository"),
        (committed, f"{COMMIT}git config core.fsmonitor 'touch {WORK}/ran; false'", "pass"),
        (pushed, PUSH, "pass"),
        (pushed, f"{COMMIT}git clone -q --bare . ../site.git", "pass"),
        (pushed, COMMIT, "no-repository"),
        (pushed, f"{COMMIT}git init -q --bare ../site.git", "nothing-pushed"),
        (pushed, f"{COMMIT}git init -q --bare ../site.git; git push -q ../site.git main:try",
         "other-branch"),
        (pushed, f"{PUSH}git commit -qm more --allow-empty", "not-pushed"),
        (pushed, f"{PUSH}git commit -qm more --amend --allow-empty", "not-pushed"),
        (hooked, hook(), "pass"),
        (hooked, hook(mode="-x"), "not-executable"),
        (hooked, hook("post-receive"), "no-hook"),
        (hooked, hook("pre-receive.sample"), "no-hook"),
        (hooked, f"{hook()}cd ../site.git; mv hooks h; git config core.hooksPath {BARE}/h",
         "pass"),
        (hooked, f"{hook()}cd ../site.git; git config core.hooksPath /nowhere", "no-hook"),
        (refuses, hook(), "pass"),
        (refuses, hook(mode="-x"), "taken"),
        (refuses, hook("post-receive"), "moved"),
        (refuses, hook("update", "git cat-file -e $3:index.html"), "pass"),
        (refuses, hook(body="exit 0"), "taken"),
        (refuses, hook(body="sleep 60"), "too-slow"),
        (refuses, PUSH, "taken"),
        (refuses, "true", "no-repository"),
        (refuses, f"{PUSH}truncate -s 100M ../site.git/big", "not-tried"),
        (refuses, hook(body="sudo -n true && exit 1; exit 0"), "moved"),
    ],
)  # fmt: skip
async def test_statements(stage: Stage, statement: object, script: str, reason: str) -> None:
    await stage.type(script)
    assert await stage.reason(statement) == reason  # type: ignore[arg-type]
    # A trial leaves nothing, and asking runs nothing of the learner's.
    assert await stage.type("ls -d /tmp/trial-* ran 2>/dev/null || true; pgrep sleep || true") == ""


async def test_a_new_commit_comes_on_top(stage: Stage) -> None:
    first = await stage.type(f"{COMMIT}git rev-parse HEAD")

    async def kept(see: See) -> None:
        await require_committed(see, SITE, onto=first)

    await stage.type("cd site; git commit -qm more --allow-empty")
    assert await stage.reason(kept) == "pass"
    await stage.type(
        "cd site; git commit -q --amend --allow-empty -m other; git checkout -q --orphan x; "
        "git commit -qm new"
    )
    assert await stage.reason(kept) == "lost-history"


async def test_what_is_in_a_commit(stage: Stage) -> None:
    head = await stage.type(
        f"{COMMIT}ln -s index.html link; printf '#!/bin/sh\\n' > run; chmod +x run; "
        "mkdir 'a b'; echo é > 'a b/ü'; git add .; "
        "git -c user.name='Bo Ray' commit -qm 'second\n\nwith a body'; git rev-parse HEAD"
    )
    see = Inquiry(stage.ask, None)
    found = await see(GitCommitProbe(SITE))
    assert (found.id, len(found.parents), len(found.history)) == (head, 1, 2)
    assert found.author == "Bo Ray <ann@lab.test>"
    assert found.message == "second\n\nwith a body"
    assert found.files.keys() == {"index.html", "link", "run", "a b/ü"}
    assert found.files["run"].executable
    assert found.files["link"].link
    assert found.files["a b/ü"].content == "é\n"
    for revision in ("nothing", "--all", "HEAD~9", ""):
        assert not (await see(GitCommitProbe(SITE, revision))).exists


async def test_who_pushed_as_far_as_it_is_known(stage: Stage) -> None:
    await stage.type(
        f"{COMMIT}git init -q --bare -b main ../site.git; "
        "git -C ../site.git config core.logAllRefUpdates always; "
        "git -c user.name=Forged commit -q --amend --reset-author -m first; "
        "git push -q ../site.git main"
    )
    see = Inquiry(stage.ask, None)
    moved, gone, tree = await see(
        GitMovesProbe(BARE), GitMovesProbe(BARE, "other"), GitCommitProbe(BARE, "main")
    )
    assert [(one.who, one.why) for one in moved.moves] == [("ann <ann@lab.test>", "push")]
    assert moved.moves[0].new == tree.id
    assert moved.owner == "learner"
    assert tree.author.startswith("Forged ")
    assert not gone.exists


async def test_a_trial_leaves_the_repository_as_it_is(stage: Stage) -> None:
    await stage.type(f"{hook(body='env > seen; echo $PWD; id -un')}")
    see = Inquiry(stage.ask, None)
    before = await see(GitRepositoryProbe(BARE))
    tried = await see(GitPushProbe(BARE, PAGE | BROKEN))
    assert tried.taken
    assert tried.moved
    assert "remote: learner" in tried.said
    assert "/site.git" in tried.said
    fresh = Inquiry(stage.ask, None)
    assert await fresh(GitRepositoryProbe(BARE)) == before
    assert await stage.type("ls site.git/seen 2>/dev/null || true") == ""
    assert (await fresh(GitRepositoriesProbe())).paths == (SITE, BARE)
