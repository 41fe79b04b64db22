"""What containerd adds: images, snapshots and namespaces of its own."""

from __future__ import annotations

from lab_engine.authoring import Container, Image, See, require_task
from labs.runtimes.values import BUSYBOX, QUIET, Values, imported, lab, sailing

step = lab.step(
    "containerd",
    daemons=("docker",),
    resources=lambda _: [
        Image("busybox"),
        Container("docked", image="busybox", command=("sleep", "86400")),
    ],
)


@step.check("first", points=2)
async def first(see: See, v: Values) -> None:
    await require_task(
        see, v.water, v.ship, image="busybox", argv=["sleep", str(v.ship_seconds)], also=[v.sea]
    )


@step.check("second", points=1, needs=("first",))
async def second(see: See, v: Values) -> None:
    await require_task(
        see, v.sea, v.ship, image="busybox", argv=["sleep", str(v.sea_seconds)], also=[v.water]
    )


step.solution(
    "imported and run, twice",
    lambda v: [
        imported(v.water),
        sailing(v, v.water, v.ship_seconds),
        imported(v.sea),
        sailing(v, v.sea, v.sea_seconds),
    ],
)
step.solution(
    "from Docker's image; a container first, its task later",
    lambda v: [
        "docker save busybox > box.tar",
        f"for n in {v.water} {v.sea}; do sudo ctr -n $n images import box.tar; done",
        f"sudo ctr -n {v.water} containers create {BUSYBOX} {v.ship} sleep {v.ship_seconds}",
        f"sudo ctr -n {v.water} tasks start -d {v.ship} {QUIET}",
        sailing(v, v.sea, v.sea_seconds),
    ],
    explained={3: ["no-task"]},
)
ELSEWHERE = (
    "Each `ctr` needs `-n` with the namespace; without it, it works in the one called `default`. "
    "Take the wrong one away in its own namespace, and run it again in the right one."
)
step.near_miss(
    "no namespace given",
    lambda v: [imported("default"), sailing(v, "default", v.ship_seconds)],
    rejected_by="first",
    reason="other-namespace",
    explain=ELSEWHERE,
)
step.near_miss(
    "among Docker's",
    lambda v: [imported("moby"), sailing(v, "moby", v.ship_seconds)],
    rejected_by="first",
    reason="other-namespace",
    explain=ELSEWHERE,
)
step.near_miss(
    "a container without a task",
    lambda v: [
        imported(v.water),
        f"sudo ctr -n {v.water} containers create {BUSYBOX} {v.ship} sleep {v.ship_seconds}",
    ],
    rejected_by="first",
    reason="no-task",
    explain="For containerd a container is only a note: an image, a command, a snapshot. What runs "
    "is its task: `sudo ctr -n NAMESPACE tasks start -d NAME`.",
)
step.near_miss(
    "ended",
    lambda v: [
        imported(v.water),
        sailing(v, v.water, v.ship_seconds),
        f"sudo ctr -n {v.water} tasks kill -s KILL {v.ship}; sleep 0.5",
    ],
    rejected_by="first",
    reason="not-running",
)
step.near_miss(
    "by Docker",
    lambda v: [f"docker run -d --name {v.ship} busybox sleep {v.ship_seconds}"],
    rejected_by="first",
    reason="no-container",
)
step.near_miss(
    "the same ship in the other water",
    lambda v: [
        imported(v.water),
        sailing(v, v.water, v.ship_seconds),
        imported(v.sea),
        sailing(v, v.sea, v.ship_seconds),
    ],
    rejected_by="second",
    reason="other-program",
)
step.near_miss(
    "two in one water",
    lambda v: [
        imported(v.water),
        sailing(v, v.water, v.ship_seconds),
        sailing(v, v.water, v.sea_seconds, f"{v.ship}2"),
    ],
    rejected_by="second",
    reason="no-container",
)
