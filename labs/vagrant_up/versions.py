"""Boxes have versions, and a file says which of them will do."""

from __future__ import annotations

from lab_engine.authoring import Directory, Pool, See, VagrantBox, require_vagrant_machine
from labs.vagrant_up.values import BOX, CATALOGUE, POOL, Values, lab, up, written

VERSIONS = ("1.0.0", "1.1.0", "2.0.0")
WANTED = "1.1.0"


def vagrantfile(constraint: str) -> str:
    line = f'  config.vm.box_version = "{constraint}"\n' if constraint else ""
    return f"""Vagrant.configure("2") do |config|
  config.vm.box = "{BOX}"
  config.vm.box_url = "file://{CATALOGUE}"
{line}end
"""


step = lab.step(
    "versions",
    daemons=("libvirt",),
    resources=lambda v: [
        VagrantBox("small", versions=VERSIONS),
        Pool(POOL),
        Directory("project", path=v.folder, files={"Vagrantfile": vagrantfile("1.0.0")}),
    ],
    touches=lambda v: [f"pool/{POOL}", f"file/{v.folder}*"],
)


@step.check("newest-of-one", points=3, settle=1.0)
async def newest_of_one(see: See, v: Values) -> None:
    await require_vagrant_machine(see, v.folder, box=BOX, version=WANTED)


step.solution("any of series 1", lambda v: [written(v, vagrantfile("~> 1.1")), up(v)])
step.solution(
    "from and below, the box fetched before",
    lambda v: [
        f"vagrant box add {CATALOGUE} --box-version 1.1.0 && "
        f"sed -i 's/1.0.0/>= 1.0, < 2.0/' {v.project}/Vagrantfile && {up(v)}"
    ],
)
step.near_miss(
    "content with an older one",
    lambda v: [
        f"vagrant box add {CATALOGUE} --box-version 1.0.0",
        written(v, vagrantfile("~> 1.0")),
        up(v),
    ],
    rejected_by="newest-of-one",
    reason="other-version",
)
step.near_miss(
    "without a version",
    lambda v: [written(v, vagrantfile("")), up(v)],
    rejected_by="newest-of-one",
    reason="other-version",
)
step.near_miss(
    "the new box beside an old machine's file",
    lambda v: [f"vagrant box add {CATALOGUE} --box-version 1.1.0"],
    rejected_by="newest-of-one",
    reason="not-up",
)
