"""A folder that is copied into the machine, instead of shown to it."""

from __future__ import annotations

import json
import re

from lab_engine.authoring import (
    FileProbe,
    Image,
    See,
    require,
    require_layer,
    require_vagrant_machine,
)
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
    to = f"/srv/{v.site}"
    noted = f"{v.folder}/.vagrant/machines/{made.name}/docker/synced_folders"
    page, note, file = await see(
        FileProbe(f"{v.folder}/site/index.html"),
        FileProbe(noted),
        FileProbe(f"{v.folder}/Vagrantfile"),
    )
    require(
        page.content.strip() == v.new,
        "page-as-it-was",
        expected=f"In your project, site/index.html says {v.new}.",
        observed=f"It says {page.content.strip()[:60]!r}." if page.exists else "It is not there.",
        look=f"cat {v.folder}/site/index.html || ls {v.folder}",
    )
    await require_layer(see, made.thing, says={f"{to}/index.html": v.new})
    require(
        to in brought(note.content) or asks_for(file.content, to),
        "by-other-means",
        expected=f"The Vagrantfile has {to} copied by rsync.",
        observed="It says nothing of the kind.",
        look=f"cat {v.folder}/Vagrantfile",
    )


def brought(note: str) -> set[str]:
    """The paths in the machine that Vagrant noted at its last `up` as copied by rsync."""
    try:
        known = json.loads(note or "{}").get("rsync", {}).values()
        return {str(one["guestpath"]).rstrip("/") for one in known}
    except (ValueError, AttributeError, TypeError, KeyError):
        return set()


def asks_for(text: str, path: str) -> bool:
    """Whether a Vagrantfile has this path and the type: `vagrant rsync` goes by the file alone."""
    said = re.sub(r"(?m)^\s*#.*$", "", text)
    return path in said and "rsync" in said


step.solution(
    "up, and the change brought after it",
    lambda v: [
        made(v, synced(v)),
        f"{changed(v)} && cd {v.home} && vagrant rsync",
    ],
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
step.near_miss(
    "changed in the machine alone",
    lambda v: [
        made(v, synced(v)),
        f"cd {v.home} && vagrant ssh -c 'echo {v.new} | sudo tee /srv/{v.site}/index.html'",
    ],
    rejected_by="copied",
    reason="page-as-it-was",
)
step.near_miss(
    "copied by hand",
    lambda v: [
        changed(v),
        up(v),
        f"cd {v.home} && vagrant ssh -c "
        f"'sudo mkdir -p /srv/{v.site} && sudo cp /vagrant/site/* /srv/{v.site}/'",
    ],
    rejected_by="copied",
    reason="by-other-means",
)
