"""What differs from learner to learner, and words that several steps use."""

from __future__ import annotations

from lab_engine.authoring import (
    ByHand,
    Lab,
    Seed,
    Variables,
)

HOSTNAMES = ("maple", "cedar", "birch", "willow", "hazel", "linden", "rowan", "aspen")
ROOMS = ("blue", "green", "amber", "coral", "ivory", "olive", "plum", "teal")
FOLDERS = ("drawer", "shelf", "locker", "cabinet", "basket")
LEARNER = 1000
"""The learner's uid in the bench."""
SHELLS = ("sh", "dash", "bash")


class Values(Variables, frozen=True):
    """Names and numbers. What ends in `seconds` is how long a `sleep` is to take: its name tag."""

    odd: str = ""
    odd_seconds: int = 0
    join_seconds: int = 0
    hostname: str = ""
    uts_seconds: int = 0
    pid_seconds: int = 0
    netns: str = ""
    link: str = ""
    bench_ip: str = ""
    room_ip: str = ""
    root_seconds: int = 0
    mapped_seconds: int = 0
    inner_uid: int = 0
    folder: str = ""
    secret: str = ""
    mnt_seconds: int = 0
    ipc_seconds: int = 0
    shm_bytes: int = 0
    box: str = ""
    box_seconds: int = 0

    @classmethod
    def draw(cls, seed: Seed) -> Values:
        def tag(number: int) -> int:
            low = 40000 + 1000 * number
            return seed.number(f"seconds{number}", low, low + 999)

        subnet = f"10.{seed.number('net', 20, 99)}.{seed.number('subnet', 1, 199)}"
        room = seed.choice("room", ROOMS)
        return cls(
            odd=seed.choice("odd", ("ipc", "net", "uts")),
            odd_seconds=tag(0),
            join_seconds=tag(1),
            hostname=f"{seed.choice('hostname', HOSTNAMES)}-{seed.number('host', 10, 99)}",
            uts_seconds=tag(2),
            pid_seconds=tag(3),
            netns=room,
            link=f"to-{room}",
            bench_ip=f"{subnet}.1",
            room_ip=f"{subnet}.{seed.number('room-ip', 2, 250)}",
            root_seconds=tag(4),
            mapped_seconds=tag(5),
            inner_uid=seed.number("uid", 2000, 2999),
            folder=seed.choice("folder", FOLDERS),
            secret=f"only-here-{seed.token('secret', 4)}",
            mnt_seconds=tag(6),
            ipc_seconds=tag(7),
            shm_bytes=4096 * seed.number("shm", 2, 60),
            box=f"box-{seed.token('box', 4)}",
            box_seconds=tag(8),
        )


lab = Lab("namespaces", Values)


def started(command: str, seconds: int, *, typed: str = "") -> ByHand:
    """Run a command in the background, and go on when `sleep SECONDS` is there.

    `typed` is what a person types for it, where that is another command.
    """
    there = f"pgrep -xf 'sleep {seconds}' >/dev/null"
    waiting = f"for try in $(seq 40); do {there} && break; sleep 0.05; done"
    return ByHand(f"{command} >/dev/null 2>&1 &\n{waiting}", typed=f"{typed or command} &")


def sleep(seconds: int) -> tuple[str, str]:
    """The whole command line of a sleep."""
    return ("sleep", str(seconds))


def disguised(seconds: int) -> str:
    """Commands that end in a Python which only goes by the name of that sleep."""
    return f"echo 'import time; time.sleep(600)' > {seconds}; exec -a sleep python3 {seconds}"
