"""The operator: a hook that turns pushes into releases."""

from __future__ import annotations

import re

from lab_engine.authoring import (
    FileProbe,
    GitRepository,
    Resource,
    See,
    require,
    require_hook,
    require_push_refused,
    require_pushed,
)
from labs import paas
from labs.paas.released import require_release
from labs.push_to_deploy.values import DEMO, Values, lab, touched

BROKEN = {"main.c": "int main(void) { return 0; }\n"}


def resources(v: Values) -> list[Resource]:
    return [
        *paas.platform(),
        paas.repository(DEMO),
        paas.repository(v.app2, hooked=False),
        GitRepository(
            "site2",
            path=v.work2,
            files={"index.html": f"The {v.app2} awaits you\n"},
            remotes={"platform": v.repository2},
        ),
    ]


step = lab.step("operate", daemons=("docker",), resources=resources, touches=touched)


@step.check("hook", points=3)
async def hook(see: See, v: Values) -> None:
    await require_hook(see, v.repository2, "pre-receive")
    file = await see(FileProbe(f"{v.repository2}/hooks/pre-receive"))
    apps = re.findall(r"^app=[\"']?([\w.-]+)", file.content, re.MULTILINE)
    require(
        not apps or apps[-1] == v.app2,
        "other-app",
        expected=f"What is pushed becomes a release of {v.app2}.",
        observed=f"The hook deploys the app {apps[-1]}." if apps else "",
        look=f"grep ^app= {v.repository2}/hooks/pre-receive",
    )
    await require_push_refused(see, v.repository2, BROKEN)


@step.check("deployed", points=2, needs=("hook",))
async def deployed(see: See, v: Values) -> None:
    await require_pushed(see, v.work2, v.repository2)
    await require_release(see, v.app2)


def install(v: Values, *, name: str = "pre-receive", app: str = "", mode: str = "+x") -> list[str]:
    place = f"{v.repository2}/hooks/{name}"
    return [
        f"cp {paas.REPOSITORIES}/{DEMO}.git/hooks/pre-receive {place}",
        f"sed -i 's/^app=.*/app={app or v.app2}/' {place}; chmod {mode} {place}",
    ]


def push(v: Values) -> str:
    return f"cd {v.app2} && git push platform main"


OWN = """#!/bin/sh
while read -r before after ref; do
    [ "$ref" = refs/heads/main ] || continue
    rm -rf /tmp/build && mkdir /tmp/build
    git --work-tree=/tmp/build checkout -q -f "$after" -- . || exit 1
    {call} {app} /tmp/build || exit 1
done
"""


def own(v: Values, call: str = f"{paas.HOME}/paas deploy") -> list[str]:
    place = f"{v.repository2}/hooks/pre-receive"
    text = OWN.format(call=call, app=v.app2)
    return [f"cat > {place} <<'END'\n{text}END", f"chmod 755 {place}"]


step.solution(
    "copied and changed",
    lambda v: [*install(v), push(v)],
    explained={1: ["other-app"]},
)
step.solution("written anew", lambda v: [*own(v), push(v)], explained={1: ["not-executable"]})
step.near_miss(
    "not executable",
    lambda v: [*install(v, mode="-x"), push(v)],
    rejected_by="hook",
    reason="not-executable",
    explain="git runs a hook only when it may be executed. What cannot is passed over, with a hint "
    "to whoever pushes, and the push goes through. `chmod +x` allows it.",
)
step.near_miss(
    "after the fact",
    lambda v: [*install(v, name="post-receive"), push(v)],
    rejected_by="hook",
    reason="no-hook",
)
step.near_miss(
    "says yes to everything",
    lambda v: [*own(v, call="true"), push(v)],
    rejected_by="hook",
    reason="taken",
)
step.near_miss(
    "complains, and lets it through",
    lambda v: [
        *install(v),
        f"sed -i 's/ || exit 1//' {v.repository2}/hooks/pre-receive; {push(v)}",
    ],
    rejected_by="hook",
    reason="moved",
    explain="The hook said that something is wrong, and the branch moved all the same. git goes by "
    "the hook's exit code: anything but 0 refuses the push.",
)
step.near_miss(
    "still of the other app",
    lambda v: [*install(v, app=DEMO), push(v)],
    rejected_by="hook",
    reason="other-app",
    explain="The push went through, and became a release of another app: the hook names which, in "
    "its line `app=`. When that is right, git has nothing new to push. A commit without a change "
    "is enough for it: `git commit --allow-empty -m again`.",
)
step.near_miss(
    "nothing pushed",
    lambda v: install(v),
    rejected_by="deployed",
    reason="nothing-pushed",
)
step.near_miss(
    "refuses everything",
    lambda v: [*own(v, call="false"), f"{push(v)} || true"],
    rejected_by="deployed",
    reason="nothing-pushed",
)
