"""A framework that keeps a service alive: when it falls, the same job starts it again."""

from __future__ import annotations

from lab_engine.authoring import (
    ByHand,
    Directory,
    Resource,
    See,
    SocketsProbe,
    require,
    require_kept_alive,
    require_port,
)
from labs.two_level_scheduling.values import HOME, Values, lab, script, submit, until


def resources(v: Values) -> list[Resource]:
    return [
        Directory("page", path=f"{HOME}/page", files={"index.html": f"{v.sign}\n"}),
        Directory("jobs", path=f"{HOME}/jobs"),
    ]


step = lab.step("alive", daemons=("slurm",), resources=resources)


@step.check("alive", points=2, settle=4.0)
async def alive(see: See, v: Values) -> None:
    _, running = await require_kept_alive(see, v.keeper)
    await require_port(see, v.port)
    holders = [
        holder.pid for one in (await see(SocketsProbe())).on(v.port) for holder in one.holders
    ]
    require(
        set(holders) & set(running.pids),
        "outside",
        expected=f"The server at port {v.port} runs in the step of the job {v.keeper}.",
        observed="It runs outside of it.",
        look="squeue -s; sudo ss -Hltnp",
    )


def server(v: Values) -> str:
    return f"busybox httpd -f -p {v.port} -h page"


def loop(task: str, pause: int = 1) -> tuple[str, ...]:
    return ("while true; do", f"    {task}", f"    sleep {pause}", "done")


def job(v: Values) -> str:
    return f"sbatch -J {v.keeper} -n 1 jobs/keep"


def up(v: Values) -> str:
    """Whether it answers, asked until it does."""
    asked = f"busybox wget -qO- http://127.0.0.1:{v.port}/"
    return ByHand(until(f"{asked} > /dev/null 2>&1"), typed=asked)


def fall(v: Values) -> str:
    return f"pkill -f '^[^ ]*busybox httpd -f -p {v.port}'"


step.solution(
    "the service's process is killed",
    lambda v: [script("jobs/keep", *loop(f"srun {server(v)}")), job(v), up(v), fall(v), up(v)],
    survives={4: "it only looks whether the server is back"},
    explained={2: ["never-fell"], 3: ["never-fell"]},
)
step.solution(
    "the step is cancelled",
    lambda v: [
        script("jobs/keep", *loop(f"srun {server(v)}")),
        job(v),
        up(v),
        "scancel $(squeue -h -s -o %i | grep '[.]0$')",
        up(v),
    ],
    survives={4: "it only looks whether the server is back"},
    explained={2: ["never-fell"], 3: ["never-fell"]},
)
step.near_miss(
    "nobody starts it again",
    lambda v: [submit(v.keeper, "-n 1", f"srun {server(v)}"), up(v), fall(v)],
    rejected_by="alive",
    reason="ended",
    explain="The script had nothing more to do when its step fell, so the job ended. A loop in the "
    "script starts the next step.",
)
step.near_miss(
    "the job is ended",
    lambda v: [
        script("jobs/keep", *loop(f"srun {server(v)}")),
        job(v),
        up(v),
        f"scancel -n {v.keeper}",
    ],
    rejected_by="alive",
    reason="cancelled",
    explain="The whole job was ended, and its script with it: nobody is left who could start "
    "anything. Submit it again, and end only the server.",
)
step.near_miss(
    "in the background",
    # A long pause: each further step that fails would be one that runs, for a moment.
    lambda v: [
        script("jobs/keep", *loop(f"srun {server(v)}".replace(" -f", ""), 60)),
        job(v),
        up(v),
    ],
    rejected_by="alive",
    reason="not-back",
    explain="Each step is over as soon as it has begun. Without `-f`, `httpd` goes into the "
    "background: its step ends, and it stays behind, with the port. Then no other server can have "
    "that, also none with `-f`. `pkill -f '^[^ ]*busybox httpd'` ends what was left behind.",
)
step.near_miss(
    "no step of the job",
    lambda v: [script("jobs/keep", *loop(server(v))), job(v), up(v), fall(v), up(v)],
    rejected_by="alive",
    reason="no-steps",
    explain="The server is a part of the script itself. With `srun` in front it is a step: the "
    "controller knows of it and of its end.",
)
step.near_miss(
    "it never fell",
    lambda v: [script("jobs/keep", *loop(f"srun {server(v)}")), job(v), up(v)],
    rejected_by="alive",
    reason="never-fell",
    explain="It runs, and nothing has gone wrong yet. Kill the server, not the job.",
)
step.near_miss(
    "the job anew",
    lambda v: [
        script("jobs/keep", *loop(f"srun {server(v)}")),
        job(v),
        up(v),
        f"scancel -n {v.keeper}; " + until(f"! squeue -h -n {v.keeper} | grep -q ."),
        job(v),
        up(v),
    ],
    rejected_by="alive",
    reason="new-job",
    explain="You ended a job, and submitted a new one, in which nothing has fallen yet. End only "
    "the server, and let the job's own script help itself.",
)
step.near_miss(
    "at another port",
    lambda v: [
        script(
            "jobs/keep",
            *loop(f"srun {server(v)}".replace(f" {v.port} ", f" {v.port + 1} ")),
        ),
        job(v),
        until(f"busybox wget -qO- http://127.0.0.1:{v.port + 1}/ > /dev/null 2>&1"),
        f"pkill -f '^[^ ]*busybox httpd -f -p {v.port + 1}'",
    ],
    rejected_by="alive",
    reason="no-server",
)
step.near_miss(
    "the server by hand",
    lambda v: [
        script("jobs/keep", *loop("srun sleep 1d")),
        job(v),
        f"{server(v)} < /dev/null > /dev/null 2>&1 & {up(v)}",
        until("pkill -f '^/usr/bin/sleep 1d'"),
    ],
    rejected_by="alive",
    reason="outside",
    explain="The server answers, but the job does not know it: when it falls, nobody starts it "
    "again. It was started by hand, or is left of an earlier try. `pkill -f '^[^ ]*busybox httpd'` "
    "ends all of them, and the job starts its own.",
)
