"""A broken push is refused: nothing moves, and what ran runs on."""

from __future__ import annotations

from lab_engine.authoring import (
    FileProbe,
    GitCommitProbe,
    GitRepository,
    Resource,
    See,
    require,
    require_committed,
    require_pushed,
)
from labs import paas
from labs.paas.released import require_release
from labs.push_to_deploy.push import PUSH
from labs.push_to_deploy.values import Values, lab, touched


def resources(v: Values) -> list[Resource]:
    return [
        *paas.platform(),
        paas.repository(v.app),
        GitRepository(
            "site",
            path=v.work,
            files={"index.html": f"{v.first}\n"},
            remotes={"platform": v.repository},
        ),
    ]


step = lab.step("rejected", daemons=("docker",), resources=resources, touches=touched)


def refused(v: Values) -> FileProbe:
    return FileProbe(f"{paas.HOME}/state/{v.app}/refused")


@step.check("refused", points=2)
async def is_refused(see: See, v: Values) -> None:
    first = await see.before(GitCommitProbe(v.work))
    notes = await see.before(refused(v))
    now = await see(refused(v))
    new_notes = now.content[len(notes.content) :].splitlines() if now.exists else []
    look = f"cat {paas.HOME}/state/{v.app}/refused || true"
    require(
        not new_notes or not all(note.startswith("before v1:") for note in new_notes),
        "nothing-before",
        expected="A release runs when the push is refused.",
        observed="The platform has refused one before there was a first release.",
        look=look,
    )
    await require_release(see, v.app)
    await require_committed(see, v.work, files={f"{v.page}.html": ""}, onto=first.id, clean=False)
    found = await see(GitCommitProbe(v.work))
    new = found.history[: found.history.index(first.id)]
    commits = [await see(GitCommitProbe(v.work, one)) for one in new[:20]]
    require(
        any("index.html" not in one.files and f"{v.page}.html" in one.files for one in commits),
        "never-broken",
        expected=f"One of the new commits has {v.page}.html and no index.html.",
        observed="None has." if new else "There is no new commit.",
        look=f"git -C {v.work} log --oneline --stat -3",
    )
    require(
        new_notes,
        "not-refused",
        expected="The platform has refused a push since this step began.",
        observed="It has not.",
        look=look,
    )


@step.check("mend", points=2, needs=("refused",))
async def mended(see: See, v: Values) -> None:
    first = await see.before(GitCommitProbe(v.work))
    await require_committed(
        see, v.work, files={"index.html": v.menu, f"{v.page}.html": ""}, onto=first.id
    )
    await require_pushed(see, v.work, v.repository)
    await require_release(see, v.app, says=v.menu, least=2)


def first(v: Values) -> str:
    return f"cd {v.app} && {PUSH}"


def rename(v: Values) -> str:
    return f"git mv index.html {v.page}.html && git commit -m 'a better name'"


NO_MATTER = f"{PUSH} || true"
FIRST_REFUSED = (
    "The push that was refused was the first one, so nothing ran yet that could have run on. Bring "
    "`index.html` back with a commit and push it, then break it once more."
)


def mend(v: Values, *, commit: str = "git commit -m 'a page to begin with'") -> str:
    return f"echo '{v.menu}' > index.html && git add index.html && {commit}"


step.solution("as shown", lambda v: [first(v), rename(v), NO_MATTER, mend(v), PUSH])
step.solution(
    "taken back, then done otherwise",
    lambda v: [
        first(v),
        rename(v),
        NO_MATTER,
        "git revert --no-edit HEAD",
        f"cp index.html {v.page}.html && echo '{v.menu}' > index.html && git add . "
        "&& git commit -m 'both'",
        "git push platform HEAD:main",
    ],
)
step.near_miss(
    "broken from the beginning",
    lambda v: [f"cd {v.app}", rename(v), NO_MATTER],
    rejected_by="refused",
    reason="nothing-before",
    explain=FIRST_REFUSED,
)
step.near_miss(
    "broken from the beginning, then mended",
    lambda v: [f"cd {v.app}", rename(v), NO_MATTER, mend(v), PUSH],
    rejected_by="refused",
    reason="nothing-before",
    explain=FIRST_REFUSED,
)
step.near_miss(
    "renamed in the folder alone",
    lambda v: [first(v), f"mv index.html {v.page}.html"],
    rejected_by="refused",
    reason="no-such-file",
)
step.near_miss(
    "committed, never pushed",
    lambda v: [first(v), rename(v)],
    rejected_by="refused",
    reason="not-refused",
)
step.near_miss(
    "copied, so that nothing breaks",
    lambda v: [
        first(v),
        f"cp index.html {v.page}.html && git add . && git commit -m 'both'",
        PUSH,
    ],
    rejected_by="refused",
    reason="never-broken",
)
step.near_miss(
    "the broken commit written over",
    lambda v: [
        first(v),
        rename(v),
        NO_MATTER,
        mend(v, commit="git commit --amend -m 'as if nothing had been'"),
        PUSH,
    ],
    rejected_by="refused",
    reason="never-broken",
)
step.near_miss(
    "the platform switched off",
    lambda v: [
        first(v),
        rename(v),
        NO_MATTER,
        mend(v),
        f"chmod -x {v.repository}/hooks/pre-receive && {PUSH}",
    ],
    rejected_by="mend",
    reason="older-release",
)
step.near_miss(
    "mended, not pushed",
    lambda v: [first(v), rename(v), NO_MATTER, mend(v)],
    rejected_by="mend",
    reason="not-pushed",
)
step.near_miss(
    "another text",
    lambda v: [first(v), rename(v), NO_MATTER, mend(v).replace(v.menu, "hello"), PUSH],
    rejected_by="mend",
    reason="other-content",
)
