"""One of each kind is killed: what ends with it, and what does not."""

from __future__ import annotations

from lab_engine.authoring import (
    Container,
    Directory,
    DockerContainerProbe,
    DomainEventsProbe,
    DomainProbe,
    Fact,
    Image,
    ProcessProbe,
    Resource,
    See,
    Service,
    TcpReady,
    require,
    require_ended,
    require_order,
    require_untouched_container,
)
from labs.ten_web_servers.containers import SERVE
from labs.ten_web_servers.machines import machines
from labs.ten_web_servers.values import Values, lab

METAL = "/srv/metal"
KILLED = 128 + 9


def metal(port: int) -> list[Resource]:
    """A plain server of the bench that says its port."""
    return [
        Directory(f"metal-{port}", path=f"{METAL}-{port}", files={"index.html": f"{port}\n"}),
        Service(
            f"metal-{port}",
            argv=("busybox", "httpd", "-f", "-p", f"127.0.0.1:{port}", "-h", f"{METAL}-{port}"),
            ready=TcpReady(port),
            after=(f"directory/metal-{port}",),
        ),
    ]


def everything(v: Values) -> list[Resource]:
    return [
        *metal(v.metal_a),
        *metal(v.metal_b),
        Image("busybox"),
        *(
            Container(name, image="busybox", hostname=name, command=("sh", "-c", SERVE))
            for name in v.fleet[:2]
        ),
        *machines(v, serving=True),
    ]


step = lab.step(
    "crash",
    daemons=("docker", "libvirt"),
    resources=everything,
    touches=lambda v: [f"container/{v.fleet[0]}", f"vm/{v.one}"],
)


async def untouched(see: See, v: Values) -> None:
    """Whatever is not to be killed is what it was when the step began."""
    machine = await see.before(DomainProbe(v.two))
    probes = [ProcessProbe(argv=f"127.0.0.1:{port} ") for port in (v.metal_a, v.metal_b)]
    servers = [await see.before(probe) for probe in probes]
    ended, other = await see(*map(DockerContainerProbe, v.fleet[:2]))
    require(
        ended.state == "running" or other.state != "exited",
        "both-containers",
        expected=f"{v.fleet[1]} runs on, as it did.",
        observed=f"It has ended, as {v.fleet[0]} has.",
        look="docker ps -a",
    )
    await require_untouched_container(see, v.fleet[1])
    killed, found = await see(DomainProbe(v.one), DomainProbe(v.two))
    require(
        killed.running or found.state != "shut",
        "both-machines",
        expected=f"{v.two} runs on, as it did.",
        observed=f"It is off, as {v.one} is.",
        look="virsh list --all",
    )
    require(
        found.running and found.id == machine.id,
        "machine-touched",
        expected=f"{v.two} runs on, as it did.",
        observed="It was started anew." if found.running else f"It is {found.state}.",
        look="virsh list --all",
    )
    for was, probe in zip(servers, probes, strict=True):
        now = await see(probe)
        require(
            {one.pid for one in was.processes} <= {one.pid for one in now.processes},
            "server-touched",
            expected="The plain servers run on.",
            observed="One of them has ended.",
            look="ss -ltnp",
        )


@step.check("container", points=2, settle=2.0)
async def container(see: See, v: Values) -> None:
    await untouched(see, v)
    await require_ended(see, v.fleet[0], how="by a signal", code=KILLED)


@step.check("machine", points=2, settle=2.0)
async def machine(see: See, v: Values) -> None:
    await untouched(see, v)
    await require_order(
        see,
        DomainEventsProbe(v.one),
        Fact("stopped", {"why": "failed"}),
        look=f"virsh domstate --reason {v.one}",
    )


def first_process(name: str) -> str:
    return f"$(docker inspect -f '{{{{.State.Pid}}}}' {name})"


def machine_process(name: str) -> str:
    return f"$(sudo cat /run/libvirt/qemu/{name}.pid)"


step.solution(
    "by their numbers",
    lambda v: [
        f"sudo kill -9 {first_process(v.fleet[0])}",
        f"sudo kill -9 {machine_process(v.one)}",
    ],
)
step.solution(
    "by what they run",
    lambda v: [
        f"sudo cat /run/libvirt/qemu/{v.one}.pid | sudo xargs kill -s KILL",
        f"docker inspect -f '{{{{.State.Pid}}}}' {v.fleet[0]} | sudo xargs kill -s KILL",
    ],
)
step.near_miss(
    "docker kill",
    lambda v: [f"docker kill {v.fleet[0]}"],
    rejected_by="container",
    reason="other-end",
)
step.near_miss(
    "all servers by their name",
    lambda v: ["sudo pkill -9 httpd"],
    rejected_by="container",
    reason="both-containers",
    explain="From the bench the servers of all containers are processes like any other, and a name "
    "fits them all. A number is exact.",
)
step.near_miss(
    "the other container",
    lambda v: [f"sudo kill -9 {first_process(v.fleet[1])}"],
    rejected_by="container",
    reason="stopped",
)
step.near_miss(
    "the other machine",
    lambda v: [f"sudo kill -9 {machine_process(v.two)}"],
    rejected_by="machine",
    reason="machine-touched",
)
step.near_miss(
    "virsh destroy",
    lambda v: [f"virsh destroy {v.one}"],
    rejected_by="machine",
    reason="not-happened",
)
step.near_miss(
    "both machines",
    lambda v: ["sudo pkill -9 qemu"],
    rejected_by="machine",
    reason="both-machines",
    explain="Both machines run one program, so its name fits both. The command line of "
    "each says which guest it is.",
)
step.near_miss(
    "asked to end",
    lambda v: [
        f"sudo kill -TERM {machine_process(v.one)}",
        f"timeout 20 sh -c 'until virsh domstate {v.one} | grep -q shut; do sleep 0.2; done'",
    ],
    rejected_by="machine",
    reason="not-happened",
)
