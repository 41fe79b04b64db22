"""What differs from learner to learner, and the file that knows both versions' names."""

from __future__ import annotations

from lab_engine.authoring import ByHand, File, Lab, Seed, Variables

ROOMS = ("nursery", "workshop", "kitchen", "stable", "garage", "attic", "cellar", "office")
BOXES = ("parcel", "crate", "basket", "trunk", "barrel")


class Values(Variables, frozen=True):
    """Groups, limits, and how long a `sleep` is to take: its name tag."""

    first: str = ""
    counted: str = ""
    fed: str = ""
    seconds: int = 0
    most: int = 0
    mib: int = 0
    box: str = ""
    box_mib: int = 0
    box_cpus: str = ""
    box_most: int = 0
    old: str = ""
    old_mib: int = 0
    old_most: int = 0

    @classmethod
    def draw(cls, seed: Seed) -> Values:
        rooms = list(ROOMS)
        first = seed.choice("first", rooms)
        rooms.remove(first)
        counted = seed.choice("counted", rooms)
        rooms.remove(counted)
        box = seed.choice("box", BOXES)
        return cls(
            first=first,
            counted=counted,
            fed=seed.choice("fed", rooms),
            seconds=seed.number("seconds", 40000, 49999),
            most=seed.number("most", 4, 9),
            mib=seed.number("mib", 17, 47),
            box=f"new-{box}",
            box_mib=seed.number("box-mib", 33, 63),
            box_cpus=seed.choice("box-cpus", ("0.2", "0.25", "0.3", "0.4")),
            box_most=seed.number("box-most", 11, 29),
            old=f"old-{box}",
            old_mib=seed.number("old-mib", 65, 95),
            old_most=seed.number("old-most", 31, 59),
        )


lab = Lab("cgroups", Values)

NAMES = File(
    "names",
    path="/home/learner/work/groups.sh",
    content="""\
# Where this machine keeps its control groups, and what two of their files are called.
if [ -e /sys/fs/cgroup/cgroup.controllers ]
then    # version 2: one tree for everything
    VERSION=2  PIDS=/sys/fs/cgroup  MEMORY=/sys/fs/cgroup  CPU=/sys/fs/cgroup
    MEMORY_MAX=memory.max  MEMORY_EVENTS=memory.events
else    # version 1: a tree for each controller
    VERSION=1  PIDS=/sys/fs/cgroup/pids  MEMORY=/sys/fs/cgroup/memory  CPU=/sys/fs/cgroup/cpu
    MEMORY_MAX=memory.limit_in_bytes  MEMORY_EVENTS=memory.oom_control
fi
""",
)


def started(command: str, seconds: int, many: int = 1) -> ByHand:
    """Run a command in the background, and go on when so many `sleep SECONDS` are there."""
    there = f"[ $(pgrep -cxf 'sleep {seconds}') -ge {many} ]"
    waiting = f"for try in $(seq 60); do {there} && break; sleep 0.05; done"
    return ByHand(f"{command} >/dev/null 2>&1 &\n{waiting}", typed=f"{command} &")


def made(tree: str, group: str) -> str:
    """The commands that read the names and make a group."""
    return f". ~/work/groups.sh && sudo mkdir ${tree}/{group}"


def within(tree: str, group: str, command: str) -> str:
    """Run a command of a shell in a group."""
    return f'sudo sh -c "echo \\$\\$ > ${tree}/{group}/cgroup.procs; {command}"'
