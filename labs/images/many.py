"""Two containers of one image: what one writes is not in the other."""

from __future__ import annotations

from lab_engine.authoring import (
    DockerContainerProbe,
    DockerImageProbe,
    Image,
    See,
    require,
    require_all,
    require_container,
    require_layer,
)
from labs.images.values import Values, lab

NOTE = "/root/fruit"
SIGNAL = 128
"""Exit codes above it are of processes that a signal ended."""

step = lab.step("many-from-one", daemons=("docker",), resources=lambda _: [Image("busybox")])


async def lasts(see: See, name: str) -> None:
    """It runs; one that was stopped, or holds still, is told from one whose command ended."""
    found = await see(DockerContainerProbe(name))
    expected = f"{name} runs."
    require(
        found.state not in ("created", "paused"),
        "held",
        expected=expected,
        observed=f"Its state is {found.state}.",
        look="docker ps -a",
    )
    require(
        found.state != "exited" or found.exit_code <= SIGNAL,
        "stopped",
        expected=expected,
        observed=f"It ran, and was stopped (exit code {found.exit_code}).",
        look="docker ps -a",
    )
    image = await see(DockerImageProbe("busybox"))
    require(
        found.state != "exited" or found.command == (*image.entrypoint, *image.command),
        "ended",
        expected=expected,
        observed=f"Its command has ended: {' '.join(found.command)[:80]}",
        look="docker ps -a --no-trunc",
    )
    await require_container(see, name, image="busybox")


@step.check("twins", points=1)
async def twins(see: See, v: Values) -> None:
    await require_all(lasts(see, v.twin), lasts(see, v.other))


@step.check("apart", points=2, needs=("twins",))
async def apart(see: See, v: Values) -> None:
    await require_all(
        require_layer(see, v.twin, says={NOTE: v.word}), require_layer(see, v.other, same=True)
    )


def run(name: str, image: str = "busybox", options: str = "") -> str:
    return f"docker run -d --name {name} {options}{image} sleep 1d"


def write(name: str, word: str) -> str:
    return f"docker exec {name} sh -c 'echo {word} > {NOTE}'"


step.solution("run, run, exec", lambda v: [run(v.twin), run(v.other), write(v.twin, v.word)])
step.solution(
    "the file copied in",
    lambda v: [
        f"for n in {v.twin} {v.other}; do {run('$n')}; done",
        f"echo {v.word} > fruit && docker cp fruit {v.twin}:{NOTE}",
    ],
)
step.near_miss(
    "one of them",
    lambda v: [run(v.twin), write(v.twin, v.word)],
    rejected_by="twins",
    reason="absent",
)
step.near_miss(
    "no command that lasts",
    lambda v: [f"docker run -d --name {name} busybox" for name in (v.twin, v.other)],
    rejected_by="twins",
    reason="not-running",
    explain="A container lives as long as its command. Without one, busybox's own is a shell, and "
    "a shell without a terminal ends at once. `docker rm` it, and give a command that lasts.",
)
step.near_miss(
    "a command that ends",
    lambda v: [f"docker run -d --name {name} busybox true" for name in (v.twin, v.other)],
    rejected_by="twins",
    reason="ended",
    explain="A container lives as long as its command, and that one is over. `docker rm` it, and "
    "give a command that lasts, such as `sleep 1d`.",
)
step.near_miss(
    "one of them stopped",
    lambda v: [run(v.twin), run(v.other), f"docker stop -t 1 {v.other}"],
    rejected_by="twins",
    reason="stopped",
    explain="Its command would have lasted, but a signal ended it, as `docker stop` sends one. "
    "`docker start` starts the same container again, with what is in its layer.",
)
step.near_miss(
    "made, and not started",
    lambda v: [run(v.twin), f"docker create --name {v.other} busybox sleep 1d"],
    rejected_by="twins",
    reason="held",
)
step.near_miss(
    "the second one from a commit of the first",
    lambda v: [
        run(v.twin),
        write(v.twin, v.word),
        f"docker commit {v.twin} {v.twin}:1",
        run(v.other, f"{v.twin}:1"),
    ],
    rejected_by="twins",
    reason="other-image",
    explain="That one was made of another image. Both are to come from busybox itself.",
)
step.near_miss(
    "in both",
    lambda v: [run(v.twin), run(v.other), write(v.twin, v.word), write(v.other, v.word)],
    rejected_by="apart",
    reason="touched",
    explain="The other one is to have nothing of its own. What is in its layer leaves with "
    "the container only: `docker rm -f` it and run it again.",
)
step.near_miss(
    "in the wrong one",
    lambda v: [run(v.twin), run(v.other), write(v.other, v.word)],
    rejected_by="apart",
    reason="not-in-the-layer",
)
MOUNTED = (
    "A volume, a folder of the bench or memory is mounted there, so the file is on that, and not "
    "in the container's own layer."
)
step.near_miss(
    "on a volume",
    lambda v: [run(v.twin, options="-v fruits:/root "), run(v.other), write(v.twin, v.word)],
    rejected_by="apart",
    reason="mounted-over",
    explain=MOUNTED,
)
step.near_miss(
    "in memory",
    lambda v: [run(v.twin, options="--tmpfs /root "), run(v.other), write(v.twin, v.word)],
    rejected_by="apart",
    reason="mounted-over",
    explain=MOUNTED,
)
step.near_miss(
    "redirected on the bench",
    lambda v: [
        run(v.twin),
        run(v.other),
        f"docker exec {v.twin} echo {v.word} > fruit",
    ],
    rejected_by="apart",
    reason="not-in-the-layer",
)
