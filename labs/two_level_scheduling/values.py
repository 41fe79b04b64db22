"""What differs from learner to learner, and commands that several steps use."""

from __future__ import annotations

from lab_engine.authoring import Lab, Seed, Variables

HOME = "/home/learner/work"
MACHINES = 3
PROCESSORS = 6
"""What packs/slurm/files/etc/slurm/slurm.conf says of the farm."""
JOBS = ("mill", "forge", "loom", "kiln", "churn")
LONG = ("harvest", "sowing", "mowing", "haying")
BIG = ("census", "survey", "audit", "ledger")
SMALL = ("errand", "letter", "parcel", "message")
FRAMEWORKS = ("sorter", "packer", "filler", "picker")
KEEPERS = ("warden", "keeper", "sitter", "minder")
SERVANTS = ("bee", "ant", "wren", "mole")
GIANTS = ("whale", "bear", "bison", "moose")
GOODS = ("plum", "quince", "medlar", "sloe", "damson", "rowan", "elder", "currant")


class Values(Variables, frozen=True):
    """Jobs, their shares of the farm, and what they do with them."""

    job: str = ""
    cpus: int = 0
    each: int = 0
    long: str = ""
    busy: int = 0
    limit: int = 0
    big: str = ""
    small: str = ""
    framework: str = ""
    share: int = 0
    tasks: int = 0
    keeper: str = ""
    port: int = 0
    sign: str = ""
    servant: str = ""
    giant: str = ""

    @classmethod
    def draw(cls, seed: Seed) -> Values:
        keeper = seed.choice("keeper", KEEPERS)
        return cls(
            job=seed.choice("job", JOBS),
            cpus=seed.number("cpus", 3, 5),
            # Not what is given to whoever asks for none; and all of it for one processor fits, too.
            each=seed.number("each", 6, 9) * 10,
            long=seed.choice("long", LONG),
            busy=seed.number("busy", 3, 4),
            limit=seed.number("limit", 20, 50),
            big=seed.choice("big", BIG),
            small=seed.choice("small", SMALL),
            framework=seed.choice("framework", FRAMEWORKS),
            # On two machines, one of which it has only half of.
            share=3,
            tasks=seed.number("tasks", 5, 7),
            keeper=keeper,
            port=seed.number("port", 8110, 8190),
            sign=f"The {keeper} is awake",
            servant=seed.choice("servant", SERVANTS),
            giant=seed.choice("giant", GIANTS),
        )

    @property
    def memory(self) -> int:
        """What the first job has in all, in MB."""
        return self.cpus * self.each

    @property
    def lines(self) -> int:
        """What a script prints that says something itself and once by each of its processors."""
        return self.cpus + 1

    @property
    def orders(self) -> tuple[str, ...]:
        return GOODS[: self.tasks]

    def as_text(self) -> dict[str, str]:
        return super().as_text() | {"memory": str(self.memory), "lines": str(self.lines)}


lab = Lab("two-level-scheduling", Values)


def submit(name: str, options: str, command: str = "sleep 1d") -> str:
    """A job whose script is one line."""
    return f"sbatch -J {name} {options} --wrap '{command}'"


def until(condition: str, *, seconds: int = 8) -> str:
    """Until a command says yes, or for so long."""
    return f'timeout {seconds} sh -c "until {condition}; do sleep 0.2; done"'


def until_running(name: str, count: int = 1) -> str:
    """Until so many jobs of a name run."""
    return until(f"squeue -h -t R -n {name} | wc -l | grep -qx {count}")


def script(name: str, *lines: str) -> str:
    """A file that begins as scripts of sh do."""
    text = "\n".join(("#!/bin/sh", *lines))
    return f"cat > {name} << 'END'\n{text}\nEND"
