"""Rapid elasticity, both ways: four machines more behind a balancer, and given back."""

from __future__ import annotations

from lab_engine.authoring import (
    File,
    HttpReady,
    IncusInstance,
    Resource,
    See,
    Service,
    require_all,
    require_burst,
    require_instance,
    require_instance_gone,
    require_untouched_instance,
)
from labs.a_cloud_of_your_own.values import FRONT, IMAGE, LARGE, WORKERS, Values, address, lab

CONFIG = "/srv/balancer.cfg"
URL = f"http://{FRONT}/"


def config(v: Values) -> str:
    servers = "\n".join(
        f"    server {name} {address(number)}:80" for number, name in enumerate(v.workers, 1)
    )
    return f"""# Whoever asks at {FRONT} is passed on to one worker after the other.
defaults
    mode http
    timeout connect 1s
    timeout client 5s
    timeout server 5s

frontend shop
    bind {FRONT}
    default_backend workers

# Each is asked for a page twice a second. Who answers takes part, who does not is left out.
backend workers
    balance roundrobin
    option httpchk GET /
    default-server check inter 500ms fall 2 rise 1
{servers}
"""


def shop(v: Values) -> list[Resource]:
    return [
        IMAGE,
        IncusInstance(
            v.workers[0], image="web", config={"limits.memory": "32MiB"}, address=address(1)
        ),
        File("balancer", path=CONFIG, content=config(v), owner="root"),
        Service(
            "balancer",
            argv=("haproxy", "-db", "-f", CONFIG),
            ready=HttpReady(8000),
            after=("file/balancer", f"incus-instance/{v.workers[0]}"),
        ),
    ]


grow = lab.step("stretch", daemons=("incus",), resources=shop)


@grow.check("grow", points=2, settle=8.0)
async def grown(see: See, v: Values) -> None:
    await require_untouched_instance(see, v.workers[0])
    for number, name in enumerate(v.workers[1:], 2):
        await require_instance(see, name, image="web", memory=LARGE, address=address(number))
    await require_burst(see, URL, requests=4 * WORKERS, bodies=v.workers)


def launch(v: Values, *, first: int = 2, more: str = "", end: str = "") -> str:
    at = "-d eth0,ipv4.address=10.77.0.1$n"
    loop = " ".join(str(number) for number in range(first, WORKERS + 1))
    size = "-c limits.memory=32MiB"
    return f"for n in {loop}; do incus launch web {v.crew}$n {size} {more or at}{end}; done"


grow.solution("a loop", lambda v: [launch(v)])
grow.solution(
    "copies of a stopped one",
    lambda v: [
        f"incus init web {v.crew}2 -c limits.memory=32MiB -d eth0,ipv4.address={address(2)}",
        f"for n in 3 4 5; do incus copy {v.crew}2 {v.crew}$n "
        "-d eth0,ipv4.address=10.77.0.1$n; done",
        f"for n in 2 3 4 5; do incus start {v.crew}$n; done",
    ],
    explained={2: ["not-running"]},
)
grow.solution(
    "all at once", lambda v: [launch(v, end=" < /dev/null &").replace("&;", "&") + "; wait"]
)
grow.near_miss(
    "at any address",
    lambda v: [launch(v, more="-c user.note=late")],
    rejected_by="grow",
    reason="other-address",
)
grow.near_miss(
    "two of them changed places",
    lambda v: [
        f"incus launch web {v.crew}{n} -c limits.memory=32MiB -d eth0,ipv4.address={address(at)}"
        for n, at in ((2, 3), (3, 2), (4, 4), (5, 5))
    ],
    rejected_by="grow",
    reason="other-address",
)
grow.near_miss(
    "three of four",
    lambda v: [launch(v, first=3)],
    rejected_by="grow",
    reason="absent",
)
grow.near_miss(
    "without a size",
    lambda v: [launch(v).replace("-c limits.memory=32MiB ", "")],
    rejected_by="grow",
    reason="no-limit",
    explain="A machine without a size may take all the memory that the others were promised. "
    "`incus config set NAME limits.memory=SIZE` sets it also while the machine runs.",
)
grow.near_miss(
    "switched off again",
    lambda v: [launch(v), f"incus stop {v.crew}5"],
    rejected_by="grow",
    reason="not-running",
    explain="One of them is made and does not run. `incus start` switches it on.",
)


def friday(v: Values) -> list[Resource]:
    """The shop with all its workers."""
    more = [
        IncusInstance(name, image="web", config={"limits.memory": "32MiB"}, address=address(n))
        for n, name in enumerate(v.workers[1:], 2)
    ]
    return [*shop(v), *more]


release = lab.step(
    "release",
    daemons=("incus",),
    resources=friday,
    touches=lambda v: [f"incus-instance/{name}" for name in v.workers[1:]],
)


@release.check("back", points=2, settle=4.0, gone=True)
async def back(see: See, v: Values) -> None:
    await require_all(
        require_untouched_instance(see, v.workers[0]),
        *(require_instance_gone(see, name) for name in v.workers[1:]),
    )
    await require_burst(see, URL, requests=10, bodies=v.workers[:1])


release.solution("by force", lambda v: [f"for n in 2 3 4 5; do incus delete -f {v.crew}$n; done"])
release.solution(
    "stopped first",
    lambda v: [
        f"for n in 5 4 3 2; do incus stop {v.crew}$n; done",
        f"incus delete {' '.join(v.workers[1:])}",
    ],
    explained={1: ["only-stopped"]},
)
release.near_miss(
    "only stopped",
    lambda v: [f"for n in 2 3 4 5; do incus stop {v.crew}$n; done"],
    rejected_by="back",
    reason="only-stopped",
    explain="Switched off it takes no memory, but its disk and its address are still yours, and on "
    "the bill. `incus delete` gives them back.",
)
release.near_miss(
    "all five",
    lambda v: [f"incus delete -f {' '.join(v.workers)}"],
    rejected_by="back",
    reason="absent",
    explain="That was one too many: now nobody answers, and the shop is closed. A reset "
    "brings the step's beginning back: Shift+F8, or `infralab repair --reset`.",
)
ELSEWHERE = (
    "Under another name, or in another room, it is still yours, with its disk, and on the bill. "
    "`incus delete` gives it back."
)
release.near_miss(
    "under other names",
    lambda v: [
        f"for n in 2 3 4 5; do incus stop -f {v.crew}$n; incus rename {v.crew}$n old$n; done"
    ],
    rejected_by="back",
    reason="elsewhere",
    explain=ELSEWHERE,
)
release.near_miss(
    "in another room",
    lambda v: [
        "incus project create attic -c features.images=false -c features.profiles=false",
        f"for n in 2 3 4 5; do incus stop -f {v.crew}$n; "
        f"incus move {v.crew}$n --target-project attic; done",
    ],
    rejected_by="back",
    reason="elsewhere",
    explain=ELSEWHERE,
)
release.near_miss(
    "three of four",
    lambda v: [f"incus delete -f {' '.join(v.workers[2:])}"],
    rejected_by="back",
    reason="still-there",
)
