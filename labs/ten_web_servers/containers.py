"""Ten servers in containers of one kernel."""

from __future__ import annotations

from lab_engine.authoring import (
    DockerContainerProbe,
    HttpProbe,
    Image,
    See,
    require,
    require_all,
    require_container,
    require_served_by,
)
from labs.ten_web_servers.values import SERVERS, Values, lab

step = lab.step("in-containers", daemons=("docker",), resources=lambda _: [Image("busybox")])
SERVE = "mkdir /site; hostname > /site/index.html; httpd -f -p 80 -h /site"


def run(v: Values, *, options: str = "", inner: str = f"'{SERVE}'", image: str = "busybox") -> str:
    named = f"--name {v.crew}$n --hostname {v.crew}$n"
    return f"docker run -d {named} {options or f'--memory {v.limit}m'} {image} sh -c {inner}"


def loop(body: str, *, count: int = SERVERS) -> str:
    return f"for n in $(seq 0 {count - 1}); do {body}; done"


@step.check("fleet", points=3)
async def fleet(see: See, v: Values) -> None:
    found = await see(*map(DockerContainerProbe, v.fleet))
    missing = [name for name, one in zip(v.fleet, found, strict=True) if not one.exists]
    require(
        not missing,
        "missing",
        expected=f"There are ten containers, {v.fleet[0]} to {v.fleet[-1]}.",
        observed=f"There is no {', '.join(missing)}.",
        look="docker ps -a",
    )
    over = [one.name for one in found if one.state == "exited" and one.exit_code == 0]
    require(
        not over,
        "at-its-end",
        expected="All ten run.",
        observed=f"What {', '.join(over)} had to do is done: ended with 0.",
        look="docker ps -a",
    )
    await require_all(*(require_container(see, name, image="busybox") for name in v.fleet))
    free = [one.name for one in found if not one.limits.memory]
    require(
        not free,
        "no-limit",
        expected=f"Each may hold {v.limit} MiB at most.",
        observed=f"Without a limit: {', '.join(free)}.",
        look="docker stats --no-stream",
    )
    for one in found:
        require(
            one.limits.memory == v.limit << 20,
            "other-limit",
            expected=f"{one.name} may hold {v.limit} MiB, which is {v.limit << 20} bytes.",
            observed=f"Its limit is {one.limits.memory} bytes.",
            look=f"docker inspect -f '{{{{.HostConfig.Memory}}}}' {one.name}",
        )
    addresses = [end.address for one in found for end in one.networks.values() if end.address]
    require(
        len(set(addresses)) >= SERVERS,
        "no-own-address",
        expected="Each has an address of its own.",
        observed=f"The ten have {len(set(addresses))} between them.",
        look="docker network inspect bridge",
    )
    pages = await see(*(HttpProbe(f"http://{address}/") for address in addresses))
    ids = {one.id[:12]: one.name for one in found}
    told = [said for page in pages if (said := page.body.strip()) in ids]
    require(
        not told,
        "its-id",
        expected="Each page says the container's name.",
        observed=f"{', '.join(ids[said] for said in told)} say an id, such as {''.join(told[:1])}.",
        look="docker ps",
    )
    await require_all(
        *(require_served_by(see, name, 80, says=name, address="0.0.0.0") for name in v.fleet)  # noqa: S104
    )
    require(
        all(page.status == 200 for page in pages),
        "not-from-outside",
        expected="The bench can read every page.",
        observed="Some do not answer to the bench.",
        look=f"docker exec {v.fleet[0]} netstat -tln",
    )


step.solution("a loop", lambda v: [loop(run(v))])
step.solution(
    "made, then started",
    lambda v: [
        loop(run(v).replace("run -d", "create")),
        f"docker start $(docker ps -aq --filter name={v.crew})",
    ],
)
step.solution(
    "on a network of their own, the limit set afterwards",
    lambda v: [
        "docker network create quay",
        loop(run(v, options="--network quay --restart unless-stopped")),
        f"docker update --memory {v.limit}m --memory-swap {v.limit * 2}m "
        f"$(docker ps -q --filter name={v.crew})",
    ],
    explained={2: ["no-limit"]},
)
step.near_miss(
    "nine of them",
    lambda v: [loop(run(v), count=9)],
    rejected_by="fleet",
    reason="missing",
)
step.near_miss(
    "without a limit",
    lambda v: [loop(run(v, options="--cpus 0.5"))],
    rejected_by="fleet",
    reason="no-limit",
    explain="Nothing keeps this one from taking the memory of all. `--memory`, at `docker run` or "
    "later at `docker update`, sets its limit.",
)
step.near_miss(
    "thousands instead of 1024",
    lambda v: [loop(run(v, options=f"--memory {v.limit}000000"))],
    rejected_by="fleet",
    reason="other-limit",
)
step.near_miss(
    "all in one network",
    lambda v: [
        "docker run -d --name dock busybox sleep 1d",
        loop(
            f"docker run -d --name {v.crew}$n --network container:dock --memory {v.limit}m "
            f"busybox sh -c 'mkdir /site; echo {v.crew}0 > /site/index.html; "
            "httpd -f -p 80 -h /site || sleep 1d'"
        ),
    ],
    rejected_by="fleet",
    reason="no-own-address",
    explain="With `--network host` or `container:` they share one network, where only one can have "
    "port 80; with `none` they have none. Each wants its own, which is what it gets unasked.",
)
step.near_miss(
    "without a network",
    lambda v: [loop(run(v, options=f"--memory {v.limit}m --network none"))],
    rejected_by="fleet",
    reason="no-own-address",
    explain="With `--network host` or `container:` they share one network, where only one can have "
    "port 80; with `none` they have none. Each wants its own, which is what it gets unasked.",
)
step.near_miss(
    "in the background of the container",
    lambda v: [loop(run(v, inner=f"'{SERVE}'".replace("-f ", "")))],
    rejected_by="fleet",
    reason="at-its-end",
    explain="A container lives as long as what it was started with. Without `-f`, httpd goes to "
    "the background; then the shell that started it is done, and the container with it.",
)
step.near_miss(
    "without a host name",
    lambda v: [loop(run(v).replace(f" --hostname {v.crew}$n", ""))],
    rejected_by="fleet",
    reason="its-id",
    explain="Unasked, a container's host name is the beginning of its id. `--hostname` gives it "
    "another one.",
)
step.near_miss(
    "the loop's variable inside",
    lambda v: [loop(run(v, inner=f"'{SERVE}'".replace("hostname", f"echo {v.crew}$n")))],
    rejected_by="fleet",
    reason="other-page",
)
step.near_miss(
    "on loopback",
    lambda v: [loop(run(v, inner=f"'{SERVE}'".replace("-p 80", "-p 127.0.0.1:80")))],
    rejected_by="fleet",
    reason="other-address",
    explain="127.0.0.1 is each container's own. From outside nobody reaches a server that waits "
    "there; with the port alone it waits at all of its addresses.",
)
step.near_miss(
    "served by root of the bench",
    lambda v: [
        loop(run(v, inner="'sleep 1d'")),
        loop(
            f"mkdir -p d$n; echo {v.crew}$n > d$n/index.html; sudo nsenter -n -t "
            f"$(docker inspect -f '{{{{.State.Pid}}}}' {v.crew}$n) busybox httpd -p 80 -h d$n"
        ),
    ],
    rejected_by="fleet",
    reason="served-by-another",
    explain="A server of the bench sits in the container's network. It has none of the container's "
    "walls: not its files, not its limit. The server is to be what the container runs.",
)
