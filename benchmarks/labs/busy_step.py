"""A step with three VMs, ten containers, and one check for each kind of event."""

from __future__ import annotations

from lab_engine.authoring import (
    VM,
    Container,
    DockerContainerProbe,
    DomainProbe,
    FileProbe,
    Image,
    Lab,
    LinkProbe,
    NetworkNamespaceProbe,
    Resource,
    See,
    Variables,
    require,
)

CONTAINERS = 10
VMS = 3
FILE = "/home/learner/work/measured"


def busy(_: Variables) -> list[Resource]:
    web = [
        Container(f"web{i}", image="busybox", command=("sleep", "100000"), stop_seconds=0)
        for i in range(CONTAINERS)
    ]
    return [Image("busybox"), *web, *(VM(f"vm{i}") for i in range(VMS))]


lab = Lab("busy-step", Variables)
step = lab.step("busy", daemons=("docker", "libvirt"), resources=busy)


def there(is_so: bool) -> None:
    require(is_so, "absent", expected="it is there", observed="it is not")


@step.check("container")
async def container_runs(see: See, v: Variables) -> None:
    seen = await see(DockerContainerProbe("web0"))
    there(seen.exists and seen.running)


@step.check("link")
async def link_is_there(see: See, v: Variables) -> None:
    there((await see(LinkProbe("measured"))).exists)


@step.check("namespace")
async def namespace_is_there(see: See, v: Variables) -> None:
    there((await see(NetworkNamespaceProbe("measured"))).exists)


@step.check("file")
async def file_is_there(see: See, v: Variables) -> None:
    there((await see(FileProbe(FILE))).exists)


@step.check("vm")
async def vm_runs(see: See, v: Variables) -> None:
    seen = await see(DomainProbe("vm0"))
    there(seen.exists and seen.running)
