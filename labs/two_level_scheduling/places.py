"""The same jobs, spread over all machines and packed onto few: what is left for a big one."""

from __future__ import annotations

from lab_engine.authoring import (
    ByHand,
    See,
    jobs_since,
    require,
    require_job,
    require_placed_jobs,
)
from labs.two_level_scheduling.values import MACHINES, Values, lab, submit, until, until_running

step = lab.step("places", daemons=("slurm",))

COUNT = 3
LOOK = "squeue --states=all -o '%.5i %.12j %.10T %.4C %.10P %S %e %N'"


@step.check("apart", points=2, settle=3.0)
async def apart(see: See, v: Values) -> None:
    placed = await require_placed_jobs(
        see, v.servant, COUNT, machines=MACHINES, partition="spread", running=False
    )
    await require_small(v, [job.cpus for job in placed])
    last = max(one.id for one in placed)
    again = [job.id for job in await jobs_since(see, v.servant) if job.id > last]
    freed = min((one.ended for one in placed if one.ended), default=0)
    late = [
        job
        for job in await jobs_since(see, v.giant)
        if last < job.id < min(again, default=job.id + 1) and (not freed or job.submitted <= freed)
    ]
    require(
        late,
        "not-then",
        expected=f"The job {v.giant} came while the three called {v.servant} were there.",
        observed="None came then.",
        look=LOOK,
    )
    giant = late[0]
    require(
        giant.cpus == 2,
        "other-share",
        expected=f"The job {v.giant} wants two processors.",
        observed=f"It asked for {giant.cpus}.",
        look=LOOK,
    )
    require(
        not giant.began or (freed and giant.began >= freed),
        "found-room",
        expected=f"The job {v.giant} waits, since no machine has two free processors.",
        observed=f"It began at once, on {', '.join(giant.given)}.",
        look=LOOK,
    )
    if giant.active and not giant.began:
        # A moment after it came, or while somebody holds it back, it waits whatever there is.
        await require_job(see, v.giant, cpus=2, waits=True)


@step.check("packed", needs=("apart",), settle=3.0)
async def packed(see: See, v: Values) -> None:
    placed = await require_placed_jobs(see, v.servant, COUNT, machines=2, partition="all")
    await require_small(v, [job.cpus for job in placed])
    giant = await require_job(see, v.giant, cpus=2)
    require(
        giant.id > max(one.id for one in placed),
        "was-first",
        expected=f"The job {v.giant} came after the three called {v.servant}.",
        observed=f"It is number {giant.id}, and was there before the last of them.",
        look=LOOK,
    )
    require(
        len(giant.given) == 1,
        "torn",
        expected=f"The job {v.giant} has both of its processors on one machine.",
        observed=f"It is on {', '.join(giant.given)}.",
        look=LOOK,
    )


async def require_small(v: Values, cpus: list[int]) -> None:
    require(
        set(cpus) == {1},
        "too-big",
        expected=f"Each job called {v.servant} has one processor.",
        observed=f"They have {', '.join(map(str, sorted(set(cpus))))}.",
        look=LOOK,
    )


def three(v: Values, door: str, options: str = "") -> str:
    one = submit(v.servant, f"-p {door} -n 1 {options}".strip()).replace("sbatch", "sbatch -Q")
    return f"for one in 1 2 3; do {one}; done"


def there(v: Values) -> str:
    """They run, so that what comes next finds them."""
    return until_running(v.servant, COUNT)


def settled(v: Values, command: str) -> str:
    """Submitted, and begun."""
    return ByHand(f"{command}; {there(v)}", typed=f"{command}\nsleep 1")


def giant(v: Values, options: str = "-N 1 -n 2") -> str:
    return submit(v.giant, options)


def away(v: Values) -> str:
    command = f"scancel -n {v.servant}; scancel -n {v.giant}"
    gone = until(f"! squeue -h -n {v.servant},{v.giant} | grep -q .")
    return ByHand(f"{command}; {gone}", typed=f"{command}\nsleep 2")


def first(v: Values) -> list[str]:
    """The first round, as it should be."""
    return [settled(v, three(v, "spread")), giant(v)]


CHOSEN = (
    "With `-w` you have decided, and not the scheduler. It would have to wait for that very "
    "machine, whatever happens to it."
)

step.solution(
    "one by one",
    lambda v: [
        settled(v, three(v, "spread")),
        giant(v),
        away(v),
        settled(v, three(v, "all")),
        giant(v),
    ],
    explained={0: ["other-door"]},
)
step.solution(
    "as an array",
    lambda v: [
        settled(v, f"sbatch -J {v.servant} -p spread --array=1-3 -n 1 --wrap 'sleep 1d'"),
        giant(v),
        away(v),
        settled(v, f"sbatch -J {v.servant} --array=1-3 -n 1 --wrap 'sleep 1d'"),
        giant(v),
    ],
    explained={0: ["other-door"]},
)
step.near_miss(
    "packed from the beginning",
    lambda v: [settled(v, three(v, "all")), giant(v)],
    rejected_by="apart",
    reason="other-door",
    explain="Whoever names no partition comes in by `all`, where the machines are filled one by "
    "one. `-p spread` is the other door.",
)
step.near_miss(
    "placed by hand",
    lambda v: [
        "; ".join(submit(v.servant, f"-p spread -n 1 -w m{at}") for at in (1, 2, 3))
        + f"; {there(v)}",
        giant(v),
    ],
    rejected_by="apart",
    reason="chosen",
    explain=CHOSEN,
)
step.near_miss(
    "held back",
    lambda v: [settled(v, three(v, "spread")), giant(v, "-n 2 --hold")],
    rejected_by="apart",
    reason="held-back",
    explain="That it waits says nothing about room, as long as it waits for something else. Submit "
    "it without a hold and without a time.",
)
step.near_miss(
    "torn over two machines",
    lambda v: [settled(v, three(v, "spread")), giant(v, "-n 2")],
    rejected_by="apart",
    reason="found-room",
    explain="It was content with a processor here and one there. `-N 1` says that they must be on "
    "one machine.",
)
step.near_miss(
    "the big one first",
    lambda v: [giant(v), until_running(v.giant), settled(v, three(v, "spread"))],
    rejected_by="apart",
    reason="elsewhere",
)
step.near_miss(
    "one job over three machines",
    lambda v: [
        submit(v.servant, "-p spread -N 3 -n 3"),
        until_running(v.servant),
        giant(v),
    ],
    rejected_by="apart",
    reason="other-count",
    explain="Three jobs are asked for, each with a processor. A job over three machines is one, "
    "and ends as one.",
)
step.near_miss(
    "only taken away",
    lambda v: [settled(v, three(v, "spread")), giant(v), f"scancel -n {v.servant}"],
    rejected_by="packed",
    reason="other-door",
)
step.near_miss(
    "spread once more",
    lambda v: [
        settled(v, three(v, "spread")),
        giant(v),
        away(v),
        settled(v, three(v, "spread")),
        giant(v),
    ],
    rejected_by="packed",
    reason="other-door",
)
step.near_miss(
    "packed by hand",
    lambda v: [
        *first(v),
        away(v),
        "; ".join(submit(v.servant, f"-n 1 -w m{at}") for at in (1, 1, 2)) + f"; {there(v)}",
        giant(v),
    ],
    rejected_by="packed",
    reason="chosen",
    explain=CHOSEN,
)
step.near_miss(
    "the big one has stayed",
    lambda v: [
        *first(v),
        f"scancel -n {v.servant}",
        until_running(v.giant),
        settled(v, three(v, "all")),
    ],
    rejected_by="packed",
    reason="was-first",
    explain="It is the one of the first round, or you have submitted it first. Then a machine was "
    "kept free for it by nobody: it was there, and took one. Take all four away, wait until "
    "`squeue` does not show them any more, and begin with the three.",
)
