"""A container is made and started by two requests."""

from __future__ import annotations

from lab_engine.authoring import Image, See, require, require_container, require_group
from labs.docker_engine.values import CURL, Values, lab, post

step = lab.step("http", daemons=("docker",), resources=lambda _: [Image("busybox")])


@step.check("run", points=2, settle=1.0)
async def run(see: See, v: Values) -> None:
    found = await require_container(see, v.box, image="busybox")
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
    await require_group(see, v.box, pid=found.pid, memory=v.bytes)


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
    explained={1: ["not-running"]},
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
    explained={3: ["not-running"]},
)
step.solution(
    "with the command after all",
    lambda v: [
        f"docker create --name {v.box} -m {v.mib}m busybox sleep {v.seconds}",
        f"docker start {v.box}",
    ],
    explained={1: ["not-running"]},
)
step.near_miss(
    "created, and not started",
    lambda v: [create(v, wish(v))],
    rejected_by="run",
    reason="not-running",
    explain="`create` only makes it. It takes a second request to start it: a POST to "
    "`/containers/NAME/start`.",
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
    "created twice, with another name",
    lambda v: [create(v, wish(v), f"{v.box}-2"), start(v, f"{v.box}-2")],
    rejected_by="run",
    reason="absent",
)
