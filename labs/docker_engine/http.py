"""A container is made and started by two requests."""

from __future__ import annotations

import json
from collections.abc import Sequence

from lab_engine.authoring import (
    CgroupProbe,
    Image,
    See,
    require,
    require_container,
    require_running,
)
from labs.docker_engine.values import CURL, Values, lab, post

step = lab.step("http", daemons=("docker",), resources=lambda _: [Image("busybox")])


@step.check("run", points=2, settle=1.0)
async def run(see: See, v: Values) -> None:
    found = await require_container(see, v.box, image="busybox", running=False)
    look = f"docker inspect -f '{{{{json .State}}}}' {v.box} | jq"
    # The engine puts down an exit code for a start that it tried and that failed.
    tried = found.exit_code != 0
    only_made = found.state == "created"
    require(
        not (only_made and tried and any(" " in word for word in found.command)),
        "one-word",
        expected=f"{v.box} runs `sleep {v.seconds}`.",
        observed=f"Its start failed: there is no program {_quoted(found.command[:1])}.",
        look=look,
    )
    require(
        not (only_made and tried),
        "not-startable",
        expected=f"{v.box} runs `sleep {v.seconds}`.",
        observed=f"Its start failed. Its command is {_quoted(found.command)}.",
        look=look,
    )
    require(
        not only_made,
        "not-started",
        expected=f"{v.box} runs.",
        observed="Its state is created, and nobody has tried to start it.",
        look="docker ps -a",
    )
    require_running(found)
    require(
        found.command == ("sleep", str(v.seconds)),
        "other-command",
        expected=f"{v.box} runs `sleep {v.seconds}`.",
        observed=f"It runs `{' '.join(found.command)}`.",
        look=f"docker inspect -f '{{{{.Path}}}} {{{{json .Args}}}}' {v.box}",
    )


@step.check("limit", points=1, needs=("run",))
async def limit(see: See, v: Values) -> None:
    found = await require_container(see, v.box)
    look = f"docker inspect -f '{{{{.HostConfig.Memory}}}}' {v.box}"
    limit = found.limits.memory
    require(
        limit,
        "no-limit",
        expected=f"The engine has a limit for the memory of {v.box}.",
        observed="It has none.",
        look=look,
    )
    require(
        limit == v.bytes,
        "other-memory",
        expected=f"{v.box} may have {v.bytes} bytes of memory.",
        observed=f"It may have {limit}.",
        look=look,
    )
    group = await see(CgroupProbe(pid=found.pid))
    require(
        group.memory == v.bytes,
        "other-group",
        expected=f"The kernel lets {v.box} have {v.bytes} bytes, as the engine was told.",
        observed=f"It lets it have {group.memory or 'any number of them'}.",
        look=f"docker exec {v.box} sh -c 'head /sys/fs/cgroup/memory.max "
        "/sys/fs/cgroup/memory/memory.limit_in_bytes 2> /dev/null || true'",
    )


def _quoted(words: Sequence[str]) -> str:
    return json.dumps(list(words))


def wish(v: Values, *, command: str = "", memory: str = "", word: str = "Memory") -> str:
    """The body of the request that makes it."""
    limit = f'"HostConfig": {{"{word}": {memory or v.bytes}}}'
    return f'{{"Image": "busybox", "Cmd": {command or _sleep(v)}, {limit}}}'


def _sleep(v: Values) -> str:
    return f'["sleep", "{v.seconds}"]'


def create(v: Values, body: str, name: str = "") -> str:
    return post(f"/containers/create?name={name or v.box}", body)


def start(v: Values, name: str = "") -> str:
    return post(f"/containers/{name or v.box}/start")


step.solution(
    "two requests",
    lambda v: [create(v, wish(v)), start(v)],
    explained={1: ["not-started"]},
)
step.solution(
    "from a file, without a name; renamed, started and limited afterwards",
    lambda v: [
        f"""echo '{{"Image": "busybox", "Cmd": {_sleep(v)}}}' > wish.json""",
        f"ID=$({CURL} -H 'Content-Type: application/json' -d @wish.json "
        "http://docker/v1.45/containers/create | jq -r .Id)",
        f"{CURL} -X POST http://docker/v1.45/containers/$ID/rename?name={v.box}",
        f"{CURL} -X POST http://docker/v1.45/containers/$ID/start",
        post(f"/containers/{v.box}/update", f'{{"Memory": {v.bytes}, "MemorySwap": -1}}'),
    ],
    explained={3: ["not-started"]},
)
step.solution(
    "with the command after all",
    lambda v: [
        f"docker create --name {v.box} -m {v.mib}m busybox sleep {v.seconds}",
        f"docker start {v.box}",
    ],
    explained={1: ["not-started"]},
)
step.near_miss(
    "created, and not started",
    lambda v: [create(v, wish(v))],
    rejected_by="run",
    reason="not-started",
    explain="`create` only makes it. It takes a second request to start it: a POST to "
    "`/containers/NAME/start`.",
)
step.near_miss(
    "the command as one text",
    lambda v: [create(v, wish(v, command=f'"sleep {v.seconds}"')), start(v)],
    rejected_by="run",
    reason="one-word",
    explain="`Cmd` is a list of words, each in quotes of its own. What stands in one pair of them "
    "is one word, and so the name of a program, with a blank in it.",
)
step.near_miss(
    "a program that is not there",
    lambda v: [create(v, wish(v, command=f'["Sleep", "{v.seconds}"]')), start(v)],
    rejected_by="run",
    reason="not-startable",
)
step.near_miss(
    "paused",
    lambda v: [create(v, wish(v)), start(v), f"docker pause {v.box}"],
    rejected_by="run",
    reason="not-running",
)
step.near_miss(
    "without a name",
    lambda v: [
        f"ID=$({post('/containers/create', wish(v))} | jq -r .Id)",
        f"{CURL} -X POST http://docker/containers/$ID/start",
    ],
    rejected_by="run",
    reason="absent",
)
step.near_miss(
    "a command of one word",
    lambda v: [
        create(v, wish(v, command=f'["sh", "-c", "sleep {v.seconds}"]')),
        start(v),
    ],
    rejected_by="run",
    reason="other-command",
)
step.near_miss(
    "megabytes in place of bytes",
    lambda v: [create(v, wish(v, memory=f"{v.mib}000000")), start(v)],
    rejected_by="limit",
    reason="other-memory",
    explain="The engine takes bytes, and a MiB is 1024 times 1024 of them.",
)
step.near_miss(
    "a word that the engine does not know",
    lambda v: [create(v, wish(v, word="MemoryLimit")), start(v)],
    rejected_by="limit",
    reason="no-limit",
)
step.near_miss(
    "behind the engine's back",
    lambda v: [
        create(v, wish(v, word="MemoryLimit")),
        start(v),
        f"I=$(docker inspect -f '{{{{.Id}}}}' {v.box}); "
        r"""F=$(find /sys/fs/cgroup -path "*$I*" \( -name memory.max -o """
        r"""-name memory.limit_in_bytes \) | head -n 1); """
        f"echo {v.bytes} | sudo tee $F",
    ],
    rejected_by="limit",
    reason="no-limit",
)
step.near_miss(
    "created twice, with another name",
    lambda v: [create(v, wish(v), f"{v.box}-2"), start(v, f"{v.box}-2")],
    rejected_by="run",
    reason="absent",
)
