"""The same droplet, kept running by another scheduler."""

from __future__ import annotations

from lab_engine.authoring import (
    ByHand,
    DockerEventsProbe,
    DockerServiceProbe,
    FileProbe,
    GitRepository,
    Resource,
    See,
    require,
    require_replicas,
    require_served_by,
)
from labs import paas
from labs.buildpacks_and_schedulers.values import Values, lab, touched

KILLED = str(128 + 9)
SERVICE = "com.docker.swarm.service.name"


def resources(v: Values) -> list[Resource]:
    return [
        *paas.platform(),
        paas.repository(v.app),
        GitRepository(
            "source",
            path=v.work,
            files={"index.html": v.welcome + "\n"},
            remotes={"platform": v.repository},
        ),
    ]


step = lab.step("scheduler", daemons=("docker",), resources=resources, touches=touched)


@step.check("move", points=3, settle=10.0)
async def move(see: See, v: Values) -> None:
    first = await see(FileProbe(f"{paas.HOME}/state/{v.app}/v1/image"))
    require(
        first.exists,
        "not-released",
        expected=f"The platform has released v1 of {v.app}.",
        observed="There is no release yet.",
        look=f"{paas.HOME}/paas releases {v.app}",
    )
    for one in await require_replicas(see, v.app, v.count, image=first.content.strip()):
        look = f"docker inspect -f '{{{{json .Config.Env}}}} {{{{json .Config.Cmd}}}}' {one.name}"
        require(
            one.environment.get("PORT") == str(paas.PORT),
            "no-port",
            expected=f"{one.name} is told PORT={paas.PORT}.",
            observed=f"PORT is {one.environment.get('PORT', 'not set')}.",
            look=look,
        )
        command = " ".join(one.command)
        require(
            "PORT" in command and "/app/.site" in command,
            "other-command",
            expected=f"{one.name} is started as the platform does it: {WEB}",
            observed=f"It is started with {command[:100]!r}.",
            look=look,
        )
        await require_served_by(see, one.name, paas.PORT, says=v.welcome)


@step.check("heal", points=2, needs=("move",), settle=10.0)
async def heal(see: See, v: Values) -> None:
    before = await see.before(DockerEventsProbe())
    told, service = await see(DockerEventsProbe(), DockerServiceProbe(v.app))
    new = told.after(before.last)
    # A scheduler that wants fewer asks first, and the engine tells of a stop.
    asked = {one.id for one in new if one.action == "stop"}
    forced = {
        one.id for one in new if one.action == "die" and one.facts.get("exitCode") == KILLED
    } - asked
    require(
        any(one.state == "failed" and one.container in forced for one in service.past),
        "nothing-lost",
        expected=f"A container of the service {v.app} was ended by force.",
        observed="None was, of the service as it is now.",
        look=f"docker service ps {v.app}; docker events --since 10m --until 0s --filter event=die",
    )


PUSH = "push platform main"
BEGIN = "docker swarm init --advertise-addr 127.0.0.1"
WEB = "exec httpd -f -p $PORT -h /app/.site"


def push(v: Values) -> str:
    return f"git -C {v.app} {PUSH}"


def create(
    v: Values,
    *,
    image: str = "",
    count: int = 0,
    name: str = "",
    settings: str = f"--env PORT={paas.PORT}",
    web: str = WEB,
) -> str:
    return (
        f"docker service create --name {name or v.app} --replicas {count or v.count} --init "
        f"--endpoint-mode dnsrr {settings} {image or f'paas/{v.app}:v1'} sh -c '{web}'"
    )


def lose(v: Values) -> str:
    """One of the service's containers, whichever comes first."""
    return f"docker rm -f $(docker ps -q --filter label={SERVICE}={v.app} | head -n 1)"


def settled(v: Values, command: str) -> ByHand:
    """The command, and the patience of a person until as many run as are wanted."""
    ask = f"docker ps -q --filter label={SERVICE}={v.app}"
    wait = f"timeout 60 sh -c 'until [ $({ask} | wc -l) -ge {v.count} ]; do sleep 0.2; done'"
    return ByHand(f"{command} && {wait}", typed=command)


# The push stands with what Swarm needs as well: without an image alone, a create waits for ever.
step.solution("as shown", lambda v: [f"{push(v)} && {BEGIN}", create(v), settled(v, lose(v))])
step.solution(
    "by the image's id, in two goes, and killed from the bench",
    lambda v: [
        f"{push(v)} && {BEGIN}",
        f"{create(v, image=f'$(cat {paas.HOME}/state/{v.app}/v1/image)', count=1)} && "
        f"docker service scale {v.app}={v.count}",
        settled(
            v,
            "sudo kill -9 $(docker inspect -f '{{.State.Pid}}' "
            f"$(docker ps -q --filter label={SERVICE}={v.app} | tail -n 1)) && sleep 1",
        ),
    ],
)
step.near_miss(
    "containers by hand",
    lambda v: [
        push(v),
        BEGIN,
        f"for one in $(seq {v.count}); do docker run -d --init --name {v.app}.$one "
        f"--label {SERVICE}={v.app} --env PORT={paas.PORT} paas/{v.app}:v1 sh -c '{WEB}'; done",
    ],
    rejected_by="move",
    reason="no-service",
)
step.near_miss(
    "one too few",
    lambda v: [push(v), BEGIN, create(v, count=v.count - 1)],
    rejected_by="move",
    reason="other-number",
)
step.near_miss(
    "the source's own page, at a fixed port",
    lambda v: [push(v), BEGIN, create(v, web="exec httpd -f -p 5000 -h /app")],
    rejected_by="move",
    reason="other-command",
)
step.near_miss(
    "a port that nobody told",
    lambda v: [
        push(v),
        BEGIN,
        create(v, settings="", web="PORT=5000; exec httpd -f -p $PORT -h /app/.site"),
    ],
    rejected_by="move",
    reason="no-port",
)
step.near_miss(
    "another image, with the folder copied into it",
    lambda v: [
        push(v),
        BEGIN,
        f"mkdir copy && cp -r {v.app}/index.html copy && "
        "printf 'FROM busybox\\nCOPY index.html /app/.site/\\n' > copy/Dockerfile && "
        f"docker build -q -t again copy && {create(v, image='again')}",
    ],
    rejected_by="move",
    reason="other-image",
    explain="These run, but they are no release of the platform: somebody has built once more. The "
    "point is that nobody has to. What the platform released is `paas/APP:v1`.",
)
step.near_miss(
    "fewer and more again",
    lambda v: [
        push(v),
        BEGIN,
        create(v),
        f"docker service scale {v.app}=1 && docker service scale {v.app}={v.count}",
    ],
    rejected_by="heal",
    reason="nothing-lost",
)
step.near_miss(
    "asked to end",
    lambda v: [
        push(v),
        BEGIN,
        create(v),
        settled(v, lose(v).replace("rm -f", "stop")),
    ],
    rejected_by="heal",
    reason="nothing-lost",
)
