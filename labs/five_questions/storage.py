"""Storage: a volume stays on the machine where it was made, unless somebody carries it."""

from __future__ import annotations

import re

from lab_engine.authoring import ByHand, DockerContainerProbe, FileProbe, MountProbe, See, require
from labs.five_questions.asked import inside, named, on, require_on
from labs.five_questions.values import IMAGE, Values, lab

LIST = "list"
PAGES = re.compile(r"(?:[0-9a-f]{32}  -\n)+\Z")
"""What the store has written: a line for each time that it was started."""
EMPTY = (
    "A volume of the same name on another machine is another volume, and begins empty. What the "
    "store had is on the old machine's disk until one tar packs it there (`-C /data -c .`) and "
    "another unpacks it here (`-C /data -x`). The one that reads wants `-i`, behind `docker exec` "
    "and behind `docker run`."
)

step = lab.step("storage", daemons=("docker",), resources=lambda v: v.rack())


@step.check("storage", points=3)
async def storage(see: See, v: Values) -> None:
    store = await require_on(see, v.first, v.second, v.store)
    left = named(await inside(see, v.second), v.store)
    look = on(v.second, "ps -a")
    require(
        left is None or left.state != "running",
        "two-writers",
        expected=f"{v.store} runs on {v.first} alone.",
        observed=f"One runs on {v.second}, too: each writes to a volume of its own.",
        look=look,
    )
    machine = await see(DockerContainerProbe(v.second))
    old, new, mount = await see(
        FileProbe(f"/var/lib/docker/volumes/{v.volume}/_data/{LIST}", pid=machine.pid),
        FileProbe(f"/data/{LIST}", pid=store.pid),
        MountProbe("/data", pid=store.pid),
    )
    require(
        mount.root.endswith(f"/volumes/{v.volume}/_data"),
        "other-volume",
        expected=f"In {v.store}, /data is the volume {v.volume}.",
        observed=f"It is {mount.root or 'in the container itself'}.",
        look=on(v.first, f"inspect -f '{{{{.Mounts}}}}' {v.store}"),
    )
    require(
        PAGES.match(old.content),
        "no-original",
        expected=f"On {v.second}, the volume {v.volume} still has the {LIST} that {v.store} wrote "
        "there.",
        observed="There is another one." if old.content else "There is none.",
        look=on(v.second, "volume ls"),
    )
    about = on(
        v.first, f"exec {v.store} ls -ln /data; {on(v.first, f'exec {v.store} cat /data/{LIST}')}"
    )
    before, now = old.content.splitlines(), new.content.splitlines()
    carried = [line for line in before if line in now]
    require(
        carried,
        "no-data",
        expected=f"On {v.first}, the {LIST} begins with the lines that it has on {v.second}.",
        observed=f"None of those is among its {len(now)}." if now else "There is none.",
        look=about,
    )
    require(
        now[: len(before)] == before,
        "other-lines",
        expected=f"On {v.first}, the {LIST} begins with all {len(before)} lines of {v.second}.",
        observed=f"It has {len(carried)} of them, and {len(now) - len(carried)} of its own.",
        look=about,
    )
    require(
        len(now) > len(before),
        "no-line-of-its-own",
        expected=f"{v.store} was started on {v.first} with its own command, and added a line.",
        observed=f"The {LIST} has the lines of {v.second} and no more.",
        look=about,
    )
    require(
        new.uid == v.owner,
        "other-owner",
        expected=f"The {LIST} belongs to user {v.owner}, as before.",
        observed=f"It belongs to user {new.uid}.",
        look=about,
    )


def write(v: Values) -> str:
    return (
        f"sh -c 'test -e /data/{LIST} || {{ touch /data/{LIST}; chown {v.owner} /data/{LIST}; }}; "
        f"head -c 9 /dev/urandom | md5sum >> /data/{LIST}; exec sleep 1d'"
    )


def store(v: Values, machine: str, volume: str = "", command: str = "") -> str:
    return on(
        machine,
        f"run -d --name {v.store} -v {volume or v.volume}:/data {IMAGE} {command or write(v)}",
    )


def runs(v: Values, machine: str, begin: str) -> ByHand:
    """Begin, and wait until the store has written its line, which is soon."""
    first = on(machine, f"exec {v.store} cat /proc/1/comm")
    return ByHand(
        f"{begin} && timeout 10 sh -c 'until {first} | grep -q sleep; do sleep 0.1; done'",
        typed=f"{begin}\n{on(machine, f'exec {v.store} cat /data/{LIST}')}",
    )


def begun(v: Values) -> list[str]:
    return [runs(v, v.second, store(v, v.second))]


def tar(v: Values, machine: str, words: str, options: str = "--rm") -> str:
    inner = f"docker run {options} -v {v.volume}:/data {IMAGE} tar -C /data {words}"
    return f"docker exec {'-i ' if '-i' in options else ''}{machine} {inner}"


def carry(v: Values) -> str:
    return f"{tar(v, v.second, '-c .')} | {tar(v, v.first, '-x', '--rm -i')}"


step.solution(
    "as shown",
    lambda v: [
        *begun(v),
        on(v.second, f"rm -f {v.store}"),
        carry(v),
        runs(v, v.first, store(v, v.first)),
    ],
    explained={2: ["no-data"]},
)
step.solution(
    "by way of a file, the old one only stopped",
    lambda v: [
        *begun(v),
        on(v.second, f"stop -t 1 {v.store}"),
        f"{on(v.second, f'cp {v.store}:/data -')} > data.tar",
        on(v.first, f"create --name {v.store} -v {v.volume}:/data {IMAGE} {write(v)}"),
        f"docker exec -i {v.first} docker cp -a - {v.store}:/ < data.tar",
        runs(v, v.first, on(v.first, f"start {v.store}")),
    ],
    explained={2: ["no-data"], 4: ["no-data"]},
)
step.near_miss(
    "a new volume of the same name",
    lambda v: [
        *begun(v),
        on(v.second, f"rm -f {v.store}"),
        runs(v, v.first, store(v, v.first)),
    ],
    rejected_by="storage",
    reason="no-data",
    explain=EMPTY,
)
step.near_miss(
    "the text alone",
    lambda v: [
        *begun(v),
        on(v.second, f"rm -f {v.store}"),
        f"{on(v.second, f'run --rm -v {v.volume}:/data {IMAGE} cat /data/{LIST}')} | "
        f"docker exec -i {v.first} docker run --rm -i -v {v.volume}:/data {IMAGE} "
        f"sh -c 'cat > /data/{LIST}'",
        runs(v, v.first, store(v, v.first)),
    ],
    rejected_by="storage",
    reason="other-owner",
    explain="`cat` carries the bytes. Whose a file is, and who may read it, is not among them: "
    "`tar` takes that along.",
)
step.near_miss(
    "copied over the new one",
    lambda v: [
        *begun(v),
        on(v.second, f"rm -f {v.store}"),
        runs(v, v.first, store(v, v.first)),
        carry(v),
    ],
    rejected_by="storage",
    reason="no-line-of-its-own",
)
step.near_miss(
    "the wrong way round",
    lambda v: [
        *begun(v),
        on(v.second, f"rm -f {v.store}"),
        runs(v, v.first, store(v, v.first)),
        f"{tar(v, v.first, '-c .')} | {tar(v, v.second, '-x', '--rm -i')}",
    ],
    rejected_by="storage",
    reason="no-line-of-its-own",
)
step.near_miss(
    "copied too early",
    lambda v: [
        *begun(v),
        carry(v),
        on(v.second, f"restart -t 1 {v.store}"),
        "sleep 1",
        on(v.second, f"rm -f {v.store}"),
        runs(v, v.first, store(v, v.first)),
    ],
    rejected_by="storage",
    reason="other-lines",
)
step.near_miss(
    "both run",
    lambda v: [*begun(v), carry(v), runs(v, v.first, store(v, v.first))],
    rejected_by="storage",
    reason="two-writers",
)
step.near_miss(
    "another volume",
    lambda v: [
        *begun(v),
        on(v.second, f"rm -f {v.store}"),
        carry(v),
        runs(v, v.first, store(v, v.first, f"{v.volume}2")),
    ],
    rejected_by="storage",
    reason="other-volume",
)
step.near_miss(
    "the original thrown away",
    lambda v: [
        *begun(v),
        on(v.second, f"rm -f {v.store}"),
        carry(v),
        on(v.second, f"volume rm {v.volume}"),
        runs(v, v.first, store(v, v.first)),
    ],
    rejected_by="storage",
    reason="no-original",
)
step.near_miss(
    "not moved",
    begun,
    rejected_by="storage",
    reason="other-machine",
)
