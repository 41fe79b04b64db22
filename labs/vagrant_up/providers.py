"""The same commands, another provider: a container instead of a machine."""

from __future__ import annotations

import re

from lab_engine.authoring import (
    Directory,
    DockerContainerProbe,
    Image,
    Pool,
    See,
    VagrantMachinesProbe,
    require,
    require_served_by,
    require_vagrant_machine,
    require_vagrantfile,
)
from labs.vagrant_up.values import POOL, SMALL, Values, lab, up, written

IMAGES = ("busybox", "busybox:latest")

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
    known = (await see(VagrantMachinesProbe(v.folder))).named(v.machine)
    ours = next((one.thing for one in known if one.provider == "docker" and one.thing), "")
    if ours:
        its = await see(DockerContainerProbe(ours))
        require(
            its.state != "exited" or not in_background(its.command),
            "in-the-background",
            expected=f"The machine {v.machine} runs.",
            observed=f"{ours} has ended by itself.",
            look=f"docker inspect -f '{{{{json .Config.Cmd}}}}' {ours}",
        )
    made = await require_vagrant_machine(see, v.folder, name=v.machine, provider="docker")
    require(
        made.image in IMAGES,
        "other-image",
        expected=f"{v.machine} is a container of busybox.",
        observed=f"It is one of {made.image}.",
        look=f"docker inspect -f '{{{{.Config.Image}}}}' {made.thing}",
    )
    await require_served_by(see, made.thing, 80, says=v.greeting)
    its = await see(DockerContainerProbe(made.thing))
    require(
        v.greeting not in " ".join(its.command),
        "knew-it",
        expected=f"{v.machine} has its page from the folder.",
        observed="The word stands in its command.",
        look=f"docker inspect -f '{{{{json .Config.Cmd}}}}' {made.thing}",
    )
    said = await require_vagrantfile(see, v.folder, v.machine)
    require(
        # A server that was started by `docker exec` is gone with the next start.
        "httpd" in said or "/vagrant" in said,
        "by-hand",
        expected="The Vagrantfile says what serves the page.",
        observed="Its command is another one.",
        look=f"cat {v.folder}/Vagrantfile",
    )


def in_background(command: tuple[str, ...]) -> bool:
    """Whether the command is busybox's web server, and was not told to stay in front."""
    return "httpd" in command[:1] and not any(re.match(r"-v*f", one) for one in command[1:])


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
step.solution(
    "the image with its tag",
    lambda v: [
        written(v, vagrantfile(v).replace('"busybox"', '"busybox:latest"')),
        up(v, " --provider docker"),
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
    reason="in-the-background",
    explain="A container lives as long as its program. A server that goes to the background "
    "leaves it empty: httpd stays in front with `-f`.",
)
step.near_miss(
    "halted",
    lambda v: [
        f"{written(v, vagrantfile(v))}\n{up(v, ' --provider docker')}",
        "vagrant halt",
    ],
    rejected_by="container",
    reason="not-running",
)
step.near_miss(
    "a server put into it by hand",
    lambda v: [
        written(v, vagrantfile(v, cmd='["sleep", "1d"]')),
        up(v, " --provider docker"),
        f"docker exec $(cat ~/work/{v.project}/.vagrant/machines/{v.machine}/docker/id) "
        "httpd -p 80 -h /vagrant",
    ],
    rejected_by="container",
    reason="by-hand",
)
step.near_miss(
    "a page that the command writes",
    lambda v: [
        written(
            v,
            vagrantfile(
                v,
                cmd=f'["sh", "-c", "mkdir /www; echo {v.greeting} > /www/index.html; '
                'httpd -f -h /www"]',
            ),
        ),
        up(v, " --provider docker"),
    ],
    rejected_by="container",
    reason="knew-it",
)
step.near_miss(
    "another name in the file afterwards",
    lambda v: [
        f"{written(v, vagrantfile(v))}\n{up(v, ' --provider docker')}",
        f"sed -i 's/{v.machine}/tower/' ~/work/{v.project}/Vagrantfile",
    ],
    rejected_by="container",
    reason="said-nowhere",
)
step.near_miss(
    "the file thrown away afterwards",
    lambda v: [
        f"{written(v, vagrantfile(v))}\n{up(v, ' --provider docker')}",
        f"rm ~/work/{v.project}/Vagrantfile",
    ],
    rejected_by="container",
    reason="no-file",
)
