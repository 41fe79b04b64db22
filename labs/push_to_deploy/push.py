"""The customer: a push becomes a release that runs."""

from __future__ import annotations

from lab_engine.authoring import Directory, Resource, See, require_committed, require_pushed
from labs import paas
from labs.paas.released import require_release
from labs.push_to_deploy.values import DEMO, Values, lab, touched


def resources(v: Values) -> list[Resource]:
    return [
        *paas.platform(),
        paas.repository(DEMO),
        paas.repository(v.app),
        Directory("site", path=v.work, files={"index.html": f"{v.first}\n"}),
    ]


step = lab.step("push", daemons=("docker",), resources=resources, touches=touched)


@step.check("commit")
async def commit(see: See, v: Values) -> None:
    await require_committed(see, v.work, files={"index.html": ""}, clean=False)


@step.check("push", points=2, needs=("commit",))
async def push(see: See, v: Values) -> None:
    await require_pushed(see, v.work, v.repository)
    await require_release(see, v.app)


@step.check("again", points=2, needs=("commit",))
async def again(see: See, v: Values) -> None:
    await require_committed(see, v.work, files={"index.html": v.news})
    await require_pushed(see, v.work, v.repository)
    await require_release(see, v.app, says=v.news, least=2)


def begin(v: Values) -> str:
    return (
        f"cd {v.app} && git init && git add index.html && git commit -m 'the page' && "
        f"git remote add platform {v.repository}"
    )


def change(v: Values) -> str:
    return f"echo '{v.news}' > index.html && git add index.html && git commit -m 'news'"


PUSH = "git push platform main"

step.solution(
    "as shown",
    lambda v: [
        begin(v),
        PUSH,
        change(v),
        PUSH,
    ],
    explained={1: ["older-release"]},
)
step.solution(
    "by a clone, and without a remote's name",
    lambda v: [
        f"git clone {v.repository} copy && cp {v.app}/index.html copy",
        f"rm -r {v.app} && mv copy {v.app} && cd {v.app} && git add -A && git commit -m 'page'",
        "git push origin HEAD:main",
        f"echo '{v.news}' > index.html && git commit -am 'news'",
        f"git push {v.repository} main",
    ],
    explained={2: ["older-release"]},
)
step.near_miss(
    "added, never committed",
    lambda v: [f"cd {v.app} && git init && git add index.html"],
    rejected_by="commit",
    reason="no-commit",
    explain="`git add` only chooses what the next commit will have. `git commit` makes it.",
)
step.near_miss(
    "an empty commit",
    lambda v: [f"cd {v.app} && git init && git commit --allow-empty -m 'the page'"],
    rejected_by="commit",
    reason="no-such-file",
)
step.near_miss(
    "a repository around the folder",
    lambda v: [f"git init && git add {v.app} && git commit -m 'the page'"],
    rejected_by="commit",
    reason="no-repository",
)
step.near_miss(
    "another branch",
    lambda v: [begin(v), "git push platform main:feature"],
    rejected_by="push",
    reason="other-branch",
    explain="The commit has arrived, on a branch that is not `main`. The platform keeps it and "
    "deploys nothing: only `main` is deployed.",
)
step.near_miss(
    "not pushed",
    lambda v: [begin(v)],
    rejected_by="push",
    reason="nothing-pushed",
)
step.near_miss(
    "run by hand",
    lambda v: [
        begin(v),
        f"mv {v.repository}/hooks/pre-receive ../hook && {PUSH} && "
        f"mv ../hook {v.repository}/hooks/pre-receive",
        f"docker run -d --name {v.app} -v {v.work}:/app busybox httpd -f -p 5000 -h /app",
    ],
    rejected_by="push",
    reason="not-deployed",
)
step.near_miss(
    "made up with the platform's labels",
    lambda v: [
        begin(v),
        f"mv {v.repository}/hooks/pre-receive ../hook && {PUSH} && "
        f"mv ../hook {v.repository}/hooks/pre-receive",
        f"docker run -d --name {v.app}-v1-web-1 --label {paas.APP}={v.app} "
        f"--label {paas.RELEASE}=1 --label {paas.TYPE}=web -v {v.work}:/app busybox "
        "httpd -f -p 5000 -h /app",
    ],
    rejected_by="push",
    reason="not-the-platforms",
)
step.near_miss(
    "changed, but not committed",
    lambda v: [begin(v), f"{PUSH} && echo '{v.news}' > index.html && {PUSH}"],
    rejected_by="again",
    reason="other-content",
)
step.near_miss(
    "committed, but not pushed",
    lambda v: [begin(v), PUSH, change(v)],
    rejected_by="again",
    reason="not-pushed",
)
step.near_miss(
    "the news in the first release",
    lambda v: [begin(v).replace("git add", f"echo '{v.news}' > index.html && git add"),
               PUSH],
    rejected_by="again",
    reason="older-release",
    explain="It is the first release that says so. Each push makes a new release, and the task "
    "asks for a second one.",
)  # fmt: skip
