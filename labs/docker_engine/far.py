"""The client is here, and the engine is on another machine."""

from __future__ import annotations

from lab_engine.authoring import (
    ByHand,
    DockerContainerProbe,
    DockerContextsProbe,
    DockerImageProbe,
    DockerNetwork,
    Image,
    InhabitantsProbe,
    Node,
    NodeContainersProbe,
    See,
    container,
    require,
    require_port,
)
from labs.docker_engine.values import RACK, Values, lab

PORT = 2375
SOCKET = "unix:///run/docker.sock"

step = lab.step(
    "far",
    daemons=("docker",),
    resources=lambda v: [
        Image("busybox"),
        DockerNetwork(RACK, subnet=v.subnet),
        Node(v.far, network=RACK, address=v.address, images=("busybox",)),
    ],
)


@step.check("listen", points=1, settle=3.0)
async def listen(see: See, v: Values) -> None:
    there = await see(NodeContainersProbe(v.far))
    require(
        there.exists,
        "silent",
        expected=f"The engine of {v.far} answers at its own socket.",
        observed="It does not.",
        look=f"docker exec {v.far} tail -n 3 /var/log/dockerd.log",
    )
    found = await require_port(see, PORT, container(v.far), program="dockerd")
    require(
        not found.address.startswith("127."),
        "other-address",
        expected=f"It listens at {v.address}, where the bench reaches it.",
        observed=f"It listens at {found.address}, which only {v.far} itself reaches.",
        look=f"docker exec {v.far} ss -Hltn",
    )


@step.check("job", points=2, needs=("listen",), settle=2.0)
async def job(see: See, v: Values) -> None:
    known, here, there = await see(
        DockerContextsProbe(), DockerContainerProbe(v.job), NodeContainersProbe(v.far)
    )
    require(
        known.contexts,
        "no-context",
        expected=f"Your client has a context for {door(v)}.",
        observed="It has none of its own.",
        look="docker context ls",
    )
    leads = [host.rstrip("/") for host in known.contexts.values()]
    require(
        door(v) in leads,
        "astray",
        expected=f"Your client has a context for {door(v)}.",
        observed=f"{'; '.join(f'{name} leads to {to}' for name, to in known.contexts.items())}.",
        look="docker context ls",
    )
    require(
        not here.exists,
        "at-home",
        expected=f"{v.far} has a container {v.job}, and the bench has none.",
        observed="The engine of the bench has one of this name.",
        look="docker ps -a",
    )
    found = next((one for one in there.containers if one.name == v.job), None)
    require(
        found is not None,
        "absent",
        expected=f"{v.far} has a container {v.job}.",
        observed=f"It has {', '.join(one.name for one in there.containers) or 'none'}.",
        look=f"docker exec {v.far} docker ps -a",
    )
    assert found is not None
    image = await see.earliest(DockerImageProbe("busybox"))
    require(
        found.image_id == image.id,
        "other-image",
        expected=f"{v.job} is made of the image busybox.",
        observed=f"It is made of {found.image}.",
        look=f"docker exec {v.far} docker ps -a",
    )
    require(
        found.state == "running" and found.pid,
        "not-running",
        expected=f"{v.job} runs.",
        observed=f"Its state is {found.state}.",
        look=f"docker exec {v.far} docker ps -a",
    )
    seen = await see(InhabitantsProbe(("sleep", str(v.job_seconds)), pid=found.pid))
    require(
        seen.processes,
        "other-command",
        expected=f"{v.job} runs `sleep {v.job_seconds}`.",
        observed="Its first process is another one.",
        look=f"docker exec {v.far} docker ps -a --no-trunc",
    )


def settings(*hosts: str) -> str:
    said = ", ".join(f'"{one}"' for one in hosts)
    return f"""echo '{{"hosts": [{said}], "tls": false}}' > far.json"""


def given(v: Values) -> str:
    return f"docker cp far.json {v.far}:/etc/docker/daemon.json"


def again(v: Values, answers: str = "") -> ByHand:
    """The engine there ends, and is waited for at a counter of its."""
    ended = f"docker exec {v.far} pkill -9 dockerd"
    asked = answers or f"docker -H tcp://{v.address}:{PORT} version"
    wait = f"timeout 20 sh -c 'sleep 1; until {asked}; do sleep 0.2; done' > /dev/null 2>&1"
    return ByHand(f"{ended}; {wait}", typed=ended)


def inside(v: Values) -> str:
    return f"docker exec {v.far} docker version"


def door(v: Values) -> str:
    return f"tcp://{v.address}:{PORT}"


def known(v: Values, leads: str = "") -> str:
    return f"docker context create {v.far} --docker host={leads or door(v)}"


def run(v: Values, how: str = "", seconds: int = 0, image: str = "busybox") -> str:
    return f"docker {how}run -d --name {v.job} {image} sleep {seconds or v.job_seconds}"


def listens(v: Values) -> list[str]:
    return [settings(SOCKET, door(v)), given(v), again(v)]


step.solution(
    "a context",
    lambda v: [*listens(v), known(v), run(v, f"--context {v.far} ")],
)
step.solution(
    "at every address of the machine; the context in use, created and started",
    lambda v: [
        settings(f"tcp://0.0.0.0:{PORT}", SOCKET),
        given(v),
        again(v),
        f"{known(v)} && docker context use {v.far}",
        f"docker create --name {v.job} busybox sleep {v.job_seconds}",
        f"docker start {v.job}",
    ],
)
step.near_miss(
    "the own socket left out",
    lambda v: [settings(door(v)), given(v), again(v)],
    rejected_by="listen",
    reason="silent",
)
step.near_miss(
    "not started anew",
    lambda v: [settings(SOCKET, door(v)), given(v)],
    rejected_by="listen",
    reason="no-server",
)
step.near_miss(
    "the port of the other way",
    lambda v: [
        settings(SOCKET, f"tcp://{v.address}:2376"),
        given(v),
        again(v, inside(v)),
    ],
    rejected_by="listen",
    reason="no-server",
)
step.near_miss(
    "for itself alone",
    lambda v: [settings(SOCKET, f"tcp://127.0.0.1:{PORT}"), given(v), again(v, inside(v))],
    rejected_by="listen",
    reason="other-address",
    explain="127.0.0.1 is each machine's name for itself. The bench does not get there: put the "
    "address of the machine in its place.",
)
HOME = (
    "It was the engine of the bench that was asked. A context that is only made is not used yet: "
    "`docker --context NAME run ...`, or `docker context use NAME` before."
)
step.near_miss(
    "a context that nobody uses",
    lambda v: [*listens(v), known(v), run(v)],
    rejected_by="job",
    reason="at-home",
    explain=HOME,
)
step.near_miss(
    "a context that leads home",
    lambda v: [*listens(v), known(v, "unix:///var/run/docker.sock"), run(v, f"--context {v.far} ")],
    rejected_by="job",
    reason="astray",
    explain="A context is a name for an address, whatever it is called, and this is not the one. "
    "Take it away with `docker context rm -f NAME`, and make it anew: `tcp://`, the address of the "
    "machine, a colon, the port.",
)
step.near_miss(
    "without a context",
    lambda v: [*listens(v), run(v, f"-H {door(v)} ")],
    rejected_by="job",
    reason="no-context",
)
step.near_miss(
    "another image",
    lambda v: [
        *listens(v),
        known(v),
        f"docker --context {v.far} create --name draft busybox true",
        f"docker --context {v.far} commit draft {v.job}-image",
        run(v, f"--context {v.far} ", image=f"{v.job}-image"),
    ],
    rejected_by="job",
    reason="other-image",
)
step.near_miss(
    "created, and not started",
    lambda v: [
        *listens(v),
        known(v),
        f"docker -H {door(v)} create --name {v.job} busybox sleep {v.job_seconds}",
    ],
    rejected_by="job",
    reason="not-running",
)
step.near_miss(
    "another command",
    lambda v: [*listens(v), known(v), run(v, f"-H {door(v)} ", v.job_seconds + 1)],
    rejected_by="job",
    reason="other-command",
)
