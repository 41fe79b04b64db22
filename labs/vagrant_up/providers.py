"""The same commands, another provider: a container instead of a machine."""

from __future__ import annotations

from lab_engine.authoring import (
    Directory,
    Image,
    Pool,
    See,
    require_served_by,
    require_vagrant_machine,
)
from labs.vagrant_up.values import POOL, SMALL, Values, lab, up, written

step = lab.step(
    "providers",
    daemons=("docker", "libvirt"),
    resources=lambda v: [
        Image("busybox"),
        SMALL,
        Pool(POOL),
        Directory("project", path=v.folder, files={"index.html": f"{v.greeting}\n"}),
    ],
    touches=lambda v: [f"pool/{POOL}", f"file/{v.folder}*"],
)


def vagrantfile(v: Values, *, cmd: str = "", machine: str = "") -> str:
    served = cmd or '["httpd", "-f", "-p", "80", "-h", "/vagrant"]'
    return f"""Vagrant.configure("2") do |config|
  config.vm.define "{machine or v.machine}"
  config.vm.provider "docker" do |docker|
    docker.image = "busybox"
    docker.cmd = {served}
    docker.has_ssh = false
  end
end
"""


@step.check("container", points=3, settle=2.0)
async def container(see: See, v: Values) -> None:
    made = await require_vagrant_machine(
        see, v.folder, name=v.machine, provider="docker", image="busybox"
    )
    await require_served_by(see, made.thing, 80, says=v.greeting)


step.solution("asked for", lambda v: [written(v, vagrantfile(v)), up(v, " --provider docker")])
step.solution(
    "set for the whole shell, the page copied in",
    lambda v: [
        written(
            v,
            vagrantfile(
                v,
                cmd='["sh", "-c", "mkdir /www; cp /vagrant/index.html /www; httpd -f -h /www"]',
            ),
        ),
        f"export VAGRANT_DEFAULT_PROVIDER=docker; {up(v)}",
    ],
)
step.near_miss(
    "docker by hand",
    lambda v: [
        written(v, vagrantfile(v)),
        f"docker run -d --name {v.project}_{v.machine}_1 -v ~/work/{v.project}:/vagrant busybox "
        "httpd -f -p 80 -h /vagrant",
    ],
    rejected_by="container",
    reason="not-up",
)
step.near_miss(
    "without a name",
    lambda v: [written(v, vagrantfile(v, machine="default")), up(v, " --provider docker")],
    rejected_by="container",
    reason="not-up",
)
step.near_miss(
    "another folder",
    lambda v: [
        written(v, vagrantfile(v, cmd='["httpd", "-f", "-p", "80", "-h", "/tmp"]')),
        up(v, " --provider docker"),
    ],
    rejected_by="container",
    reason="no-page",
)
step.near_miss(
    "gone to the background",
    lambda v: [
        written(
            v,
            vagrantfile(v, cmd='["httpd", "-p", "80", "-h", "/vagrant"]').replace(
                "    docker.has_ssh", "    docker.remains_running = false\n    docker.has_ssh"
            ),
        ),
        up(v, " --provider docker"),
    ],
    rejected_by="container",
    reason="not-running",
    explain="A container lives as long as its program. A server that goes to the background "
    "leaves it empty: httpd stays in front with `-f`.",
)
