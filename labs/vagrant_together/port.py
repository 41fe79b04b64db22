"""A port of the machine, lent a number of the computer that it runs on."""

from __future__ import annotations

import re

from lab_engine.authoring import (
    Directory,
    DockerContainerProbe,
    HttpProbe,
    Image,
    See,
    VagrantMachinesProbe,
    require,
    require_served_by,
    require_vagrantfile,
)
from labs.vagrant_together.machines import require_busybox
from labs.vagrant_together.values import Values, lab, up, vagrantfile, written

ANYWHERE = ("", "0.0.0.0", "::")  # noqa: S104 - what is looked for, nothing listens there

step = lab.step(
    "port",
    daemons=("docker",),
    resources=lambda v: [
        Image("busybox"),
        Directory(
            "project",
            path=v.folder,
            files={"Vagrantfile": served(), "index.html": f"{v.page}\n"},
        ),
    ],
    touches=lambda v: [f"file/{v.folder}*"],
)


def served(*, line: str = "", ports: str = "") -> str:
    """One machine that shows the folder of its Vagrantfile at port 80."""
    more = f"  docker.ports = {ports}\n" if ports else ""
    return vagrantfile(
        f"""{line}config.vm.provider "docker" do |docker|
  docker.image = "busybox"
  docker.cmd = ["httpd", "-f", "-p", "80", "-h", "/vagrant"]
  docker.has_ssh = false
{more}end
"""
    )


NAMED = 'config.vm.define "web"\n'


def forwarded(guest: int, host: int, more: str = ', host_ip: "127.0.0.1"') -> str:
    return f'config.vm.network "forwarded_port", guest: {guest}, host: {host}{more}\n'


def asks_for(text: str, port: int) -> bool:
    """Whether a Vagrantfile, without its comments, has this port of the bench in it."""
    return bool(re.search(rf"\bhost(?::|\s*=>)\s*{port}\b|:{port}:", text))


def published(v: Values) -> str:
    return f'["127.0.0.1:{v.port}:80"]'


@step.check("forwarded", points=3, settle=2.0)
async def is_forwarded(see: See, v: Values) -> None:
    # The file as it lies there names no machine; a learner may do so.
    of_it = (await see(VagrantMachinesProbe(v.folder))).machines
    name = of_it[0].name if len(of_it) == 1 else "default"
    made = await require_busybox(see, v, name)
    its, page = await see(
        DockerContainerProbe(made.thing), HttpProbe(f"http://127.0.0.1:{v.port}/")
    )
    text = await require_vagrantfile(see, v.folder)
    look = f"docker port {made.thing}"
    known = [one for one in its.ports if one.host == v.port]
    at = [one for one in known if one.protocol == "tcp"]
    require(
        at or not known,
        "other-protocol",
        expected=f"Port {v.port} is one of TCP, as a web server's.",
        observed=f"It is one of {known[0].protocol if known else 'none'}.",
        look=look,
    )
    require(
        at or not asks_for(text, v.port),
        "made-before",
        expected=f"{made.thing} was made with port {v.port}, as the Vagrantfile says.",
        observed="It was made without it.",
        look=f"{look}; cat {v.folder}/Vagrantfile",
    )
    require(
        at,
        "no-port",
        expected=f"Port {v.port} of the bench leads into {made.thing}.",
        observed="It does not.",
        look=look,
    )
    require(
        all(one.container == 80 for one in at),
        "other-guest-port",
        expected=f"Port {v.port} leads to port 80 of {made.thing}.",
        observed=f"It leads to port {at[0].container}.",
        look=look,
    )
    require(
        not any(one.address in ANYWHERE for one in at),
        "everywhere",
        expected=f"Port {v.port} is open at 127.0.0.1 only.",
        observed="It is open at every address.",
        look=look,
    )
    other = [f"{one.address}:{one.host}" for one in its.ports if one.address != "127.0.0.1"]
    require(
        not other,
        "elsewhere",
        expected=f"{made.thing} has no port at another address than 127.0.0.1.",
        observed=f"It has one at {', '.join(other)}.",
        look=look,
    )
    await require_served_by(see, made.thing, 80, says=v.page)
    require(
        page.ok and page.body.strip() == v.page,
        "other-page",
        expected=f"http://127.0.0.1:{v.port}/ shows {v.page}.",
        observed=f"It shows {page.body.strip()[:60]!r}.",
        look=f"curl -s http://127.0.0.1:{v.port}/",
    )
    await require_vagrantfile(see, v.folder, str(v.port), "127.0.0.1")


step.solution(
    "a forwarded port",
    lambda v: [f"{written(v, served(line=forwarded(80, v.port)))}\n{up(v)}"],
)
step.solution(
    "a machine with a name",
    lambda v: [
        f"{written(v, served(line=NAMED + forwarded(80, v.port)))}\n{up(v)}",
    ],
)
step.solution(
    "in the provider's own words",
    lambda v: [f"{written(v, served(ports=published(v)))}\n{up(v)}"],
)
step.solution(
    "the image with its tag",
    lambda v: [
        written(v, served(line=forwarded(80, v.port)).replace('"busybox"', '"busybox:latest"')),
        up(v),
    ],
)
step.near_miss(
    "added when the machine was there",
    lambda v: [
        f"{up(v)}\n{written(v, served(line=forwarded(80, v.port)))}\n{up(v)}",
    ],
    rejected_by="forwarded",
    reason="made-before",
    explain="A container keeps the ports that it was made with, through `vagrant reload` as well. "
    "`vagrant destroy -f` and `vagrant up` make it anew.",
)
step.near_miss(
    "open to everybody",
    lambda v: [f"{written(v, served(line=forwarded(80, v.port, '')))}\n{up(v)}"],
    rejected_by="forwarded",
    reason="everywhere",
    explain="Docker opens a port at every address of the computer unless it is told which. "
    '`host_ip: "127.0.0.1"` keeps it to yourself.',
)
step.near_miss(
    "the two numbers exchanged",
    lambda v: [f"{written(v, served(line=forwarded(v.port, 8080)))}\n{up(v)}"],
    rejected_by="forwarded",
    reason="no-port",
)
step.near_miss(
    "another port of the machine",
    lambda v: [f"{written(v, served(line=forwarded(8080, v.port)))}\n{up(v)}"],
    rejected_by="forwarded",
    reason="other-guest-port",
)
step.near_miss(
    "a second port, for everybody",
    lambda v: [
        written(
            v,
            served(
                line=forwarded(80, v.port)
                + forwarded(80, v.port + 1, ', host_ip: "0.0.0.0", id: "second"')
            ),
        )
        + f"\n{up(v)}"
    ],
    rejected_by="forwarded",
    reason="elsewhere",
)
step.near_miss(
    "a port of UDP",
    lambda v: [
        written(v, served(line=forwarded(80, v.port, ', host_ip: "127.0.0.1", protocol: "udp"')))
        + f"\n{up(v)}"
    ],
    rejected_by="forwarded",
    reason="other-protocol",
)
step.near_miss(
    "the number in a comment alone",
    lambda v: [
        written(
            v,
            served(line=forwarded(80, v.port + 1, f', host_ip: "127.0.0.1" # not host: {v.port}')),
        )
        + f"\n{up(v)}"
    ],
    rejected_by="forwarded",
    reason="no-port",
)
step.near_miss(
    "for everybody in the file afterwards",
    lambda v: [
        f"{written(v, served(line=forwarded(80, v.port)))}\n{up(v)}",
        f"sed -i s/127.0.0.1/0.0.0.0/ {v.home}/Vagrantfile",
    ],
    rejected_by="forwarded",
    reason="said-nowhere",
)
step.near_miss(
    "the file thrown away afterwards",
    lambda v: [
        f"{written(v, served(line=forwarded(80, v.port)))}\n{up(v)}",
        f"rm {v.home}/Vagrantfile",
    ],
    rejected_by="forwarded",
    reason="no-file",
)
