"""A process dies: the platform starts it again, and at some point it gives up."""

from __future__ import annotations

from lab_engine.authoring import (
    ByHand,
    ContainerLogProbe,
    DockerContainerProbe,
    DockerEventsProbe,
    GitRepository,
    HttpProbe,
    Resource,
    See,
    container,
    require,
    require_container,
)
from labs import paas
from labs.paas.released import processes
from labs.push_to_deploy.values import Values, lab, touched

KILLED = 128 + 9


def resources(v: Values) -> list[Resource]:
    return [
        *paas.platform(),
        paas.repository(v.app2),
        GitRepository(
            "site2",
            path=v.work2,
            files={"index.html": f"The {v.app2} awaits you\n"},
            remotes={"platform": v.repository2},
        ),
    ]


step = lab.step("crash", daemons=("docker",), resources=resources, touches=touched)


@step.check("kill", points=2, settle=3.0)
async def kill(see: See, v: Values) -> None:
    before = await see.before(DockerEventsProbe())
    found = await processes(see, v.app2)
    look = f"docker ps -a --filter label={paas.APP}={v.app2}"
    require(
        found,
        "not-deployed",
        expected=f"The platform runs {v.app2}.",
        observed="None of its containers is there.",
        look=look,
    )
    name = found[0].name
    told, now, page = await see(
        DockerEventsProbe(),
        DockerContainerProbe(name),
        HttpProbe(f"http://127.0.0.1:{paas.PORT}/", container(name)),
    )
    life = [one for one in told.after(before.last) if one.id == now.id]
    ends = [n for n, one in enumerate(life) if one.action == "die"]
    events = f"docker events --since 10m --until 0s --filter container={name}"
    require(
        ends,
        "not-ended",
        expected=f"The first process of {name} has ended since this step began.",
        observed="It has not.",
        look=events,
    )
    # The last of its lives counts: what was tried before is put right by a true crash.
    begun = max((n for n, one in enumerate(life[: ends[-1]]) if one.action == "start"), default=0)
    code = life[ends[-1]].facts.get("exitCode")
    require(
        not any(one.action == "kill" for one in life[begun : ends[-1]]),
        "by-the-engine",
        expected=f"{name} ended by a signal of which the engine was not told.",
        observed="The engine was told to end it.",
        look=events,
    )
    require(
        code == str(KILLED),
        "other-signal",
        expected=f"It ended with exit code {KILLED}, as KILL makes it.",
        observed=f"Its exit code was {code}.",
        look=events,
    )
    require(
        now.running and now.restarts > 0,
        "not-again",
        expected=f"{name} was started again, by the rule that it has, and runs.",
        observed=f"It is {now.state}, and was started again {now.restarts} times.",
        look=look,
    )
    require(
        page.ok,
        "silent",
        expected=f"{v.app2} answers again.",
        observed=f"It does not: {page.problem or page.status}.",
        look=f"docker logs --tail 5 {name}",
    )


@step.check("give-up", points=2)
async def give_up(see: See, v: Values) -> None:
    found = await require_container(see, v.ill, image="busybox", running=False)
    look = f"docker inspect -f '{{{{.RestartCount}}}} {{{{json .State}}}}' {v.ill}"
    require(
        found.restart_policy == "on-failure",
        "other-policy",
        expected=f"The rule of {v.ill} is to be started again when it fails.",
        observed=f"Its rule is {found.restart_policy}.",
        look=f"docker inspect -f '{{{{json .HostConfig.RestartPolicy}}}}' {v.ill}",
    )
    require(
        found.state == "exited",
        "still-trying",
        expected=f"{v.ill} was started again {v.times} times, and then no more.",
        observed=f"It is {found.state}, after {found.restarts} more starts.",
        look=look,
    )
    require(
        found.exit_code != 0,
        "ended-well",
        expected=f"Each time it ends with exit code {v.code}.",
        observed="It ended with 0.",
        look=look,
    )
    require(
        found.exit_code == v.code,
        "other-code",
        expected=f"Each time it ends with exit code {v.code}.",
        observed=f"The last code was {found.exit_code}.",
        look=look,
    )
    require(
        found.restarts == v.times,
        "other-number",
        expected=f"It was started again {v.times} times, and then no more.",
        observed=f"It was started again {found.restarts} times.",
        look=look,
    )
    log = await see(ContainerLogProbe(v.ill))
    require(
        "I try" in log.out,
        "other-words",
        expected=f"{v.ill} prints 'I try' each time.",
        observed=f"Last it has written {''.join((*log.out, *log.err)[-1:])!r}.",
        look=f"docker logs {v.ill}",
    )


def first_process(v: Values) -> str:
    return (
        f"$(docker inspect -f '{{{{.State.Pid}}}}' "
        f"$(docker ps -q --filter label={paas.APP}={v.app2}))"
    )


def fails(v: Values, *, rule: str = "", code: str = "", start: str = "run -d") -> str:
    return (
        f"docker {start} --name {v.ill} --restart {rule or f'on-failure:{v.times}'} busybox "
        f"sh -c 'echo I try; exit {code or v.code}'"
    )


def given_up(v: Values, command: str) -> ByHand:
    """The command, and the patience of a person until the engine has given up."""
    state = f"docker inspect -f {{{{.State.Status}}}} {v.ill}"
    wait = f"timeout 60 sh -c 'until [ $({state}) = exited ]; do sleep 0.2; done'"
    return ByHand(f"{command} && {wait}", typed=command)


def push(v: Values) -> str:
    return f"git -C {v.app2} push platform main"


step.solution(
    "as shown", lambda v: [push(v), f"sudo kill -9 {first_process(v)}", given_up(v, fails(v))]
)
step.solution(
    "made, then started",
    lambda v: [
        fails(v, start="create"),
        given_up(v, f"docker start {v.ill}"),
        push(v),
        f"sudo kill -s KILL {first_process(v)}",
    ],
)
step.solution(
    "by the engine first, and then truly",
    lambda v: [
        push(v),
        f"docker kill $(docker ps -q --filter label={paas.APP}={v.app2})",
        f"docker start $(docker ps -aq --filter label={paas.APP}={v.app2})",
        f"sudo kill -9 {first_process(v)}",
        given_up(v, fails(v)),
    ],
    survives={1: "that one is no part of what is asked for"},
    explained={2: ["by-the-engine"], 3: ["by-the-engine"]},
)
step.near_miss(
    "by the engine",
    lambda v: [push(v), f"docker kill $(docker ps -q --filter label={paas.APP}={v.app2})"],
    rejected_by="kill",
    reason="by-the-engine",
    explain="The engine was told to end it, and takes that as your wish. A crash is an end that "
    "nobody told it of: `kill -9` from the bench.",
)
step.near_miss(
    "started again by hand",
    lambda v: [push(v), f"docker restart -t 0 $(docker ps -q --filter label={paas.APP}={v.app2})"],
    rejected_by="kill",
    reason="by-the-engine",
    explain="The engine was told to end it, and takes that as your wish. A crash is an end that "
    "nobody told it of: `kill -9` from the bench.",
)
step.near_miss(
    "asked to end",
    lambda v: [push(v), f"sudo kill -TERM {first_process(v)}; sleep 1"],
    rejected_by="kill",
    reason="other-signal",
)
step.near_miss(
    "never gives up",
    lambda v: [fails(v, rule="always")],
    rejected_by="give-up",
    reason="other-policy",
)
step.near_miss(
    "one time too many",
    lambda v: [given_up(v, fails(v, rule=f"on-failure:{v.lives}"))],
    rejected_by="give-up",
    reason="other-number",
)
step.near_miss(
    "another code",
    lambda v: [given_up(v, fails(v, code="1"))],
    rejected_by="give-up",
    reason="other-code",
)
step.near_miss(
    "another command",
    lambda v: [given_up(v, fails(v).replace("echo I try; ", ""))],
    rejected_by="give-up",
    reason="other-words",
)
step.near_miss(
    "ends well",
    lambda v: [given_up(v, fails(v, code="0"))],
    rejected_by="give-up",
    reason="ended-well",
    explain="A program that ends with 0 has done what it was for. `on-failure` starts again only "
    "what ended with another code.",
)
