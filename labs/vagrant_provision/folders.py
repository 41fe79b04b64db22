"""A folder that is copied into the machine, instead of shown to it."""

from __future__ import annotations

from lab_engine.authoring import Image, See, require_layer, require_vagrant_machine
from labs.vagrant_provision.values import IMAGE, Values, lab, made, project, up, written

step = lab.step(
    "folders",
    daemons=("docker",),
    resources=lambda v: [
        Image(IMAGE),
        project(v, files={"site/index.html": f"{v.old}\n"}),
    ],
    touches=lambda v: [f"file/{v.folder}*"],
)


def synced(v: Values, more: str = ', type: "rsync"') -> str:
    return f'config.vm.synced_folder "site", "/srv/{v.site}"{more}'


def changed(v: Values) -> str:
    return f"echo {v.new} > {v.home}/site/index.html"


@step.check("copied", points=3, settle=1.0)
async def copied(see: See, v: Values) -> None:
    made = await require_vagrant_machine(see, v.folder, provider="docker", image=IMAGE)
    await require_layer(see, made.thing, says={f"/srv/{v.site}/index.html": v.new})


step.solution(
    "up, and the change brought after it",
    lambda v: [
        made(v, synced(v)),
        f"{changed(v)} && cd {v.home} && vagrant rsync",
    ],
    explained={1: ["other-text"]},
)
step.solution(
    "a relative path with a dot and the folder's owner, changed first",
    lambda v: [
        changed(v),
        written(
            v,
            f'config.vm.synced_folder "./site/", "/srv/{v.site}",\n'
            '  type: "rsync", owner: "root", group: "root"',
        ),
        f"cd {v.home} && vagrant up --provider=docker",
    ],
    explained={0: ["other-text"]},
)
step.near_miss(
    "shown, not copied",
    lambda v: [changed(v), made(v, synced(v, ""))],
    rejected_by="copied",
    reason="mounted-over",
    explain='Without a type, Docker shows the folder itself: it is mounted. Say `type: "rsync"`, '
    "then `vagrant destroy -f` and `vagrant up`.",
)
step.near_miss(
    "changed, not brought",
    lambda v: [made(v, synced(v)), changed(v)],
    rejected_by="copied",
    reason="other-text",
    explain="The machine has the page as it was when the folder was copied. "
    "`vagrant rsync` copies it again.",
)
step.near_miss(
    "the default folder alone",
    lambda v: [changed(v), up(v)],
    rejected_by="copied",
    reason="not-in-the-layer",
)
