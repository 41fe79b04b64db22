"""Measured service: who may have how much, and who has used how much."""

from __future__ import annotations

from lab_engine.authoring import (
    FileProbe,
    IncusInstance,
    IncusInstancesProbe,
    IncusInstancesReading,
    IncusProject,
    See,
    require,
    require_instance,
    require_project,
)
from labs.a_cloud_of_your_own.values import IMAGE, Values, lab

BILL = "/home/learner/work/bill"
MOST = 2
BURNT = 1.0
"""Less than what is asked for: a limit counts ticks of the clock, and ends it a little early."""
TOLERANCE = 0.5
"""Seconds of processor: what idle machines use while somebody writes a number down."""
NAMES = ("one", "two")

step = lab.step(
    "bill",
    daemons=("incus",),
    resources=lambda v: [
        IMAGE,
        IncusProject(v.first),
        IncusProject(v.second),
        *(IncusInstance(f"{v.first}_{name}", image="web") for name in NAMES),
        IncusInstance(f"{v.second}_one", image="web"),
    ],
    touches=lambda v: [f"incus-project/{v.first}"],
)


METRICS = "curl -s --unix-socket /var/lib/incus/unix.socket http://incus/1.0/metrics"


def used(found: IncusInstancesReading, project: str) -> tuple[float, float]:
    """Seconds of processor, counted exactly and by ticks; less first."""
    its = found.of(project)
    both = sum(one.cpu_seconds for one in its), sum(one.cpu_ticks for one in its)
    return min(both), max(both)


@step.check("quota")
async def quota(see: See, v: Values) -> None:
    await require_project(see, v.first, limits={"instances": MOST})
    for name in NAMES:
        await require_instance(see, name, project=v.first)


@step.check("burn")
async def burn(see: See, v: Values) -> None:
    before = await see.before(IncusInstancesProbe())
    now = await see(IncusInstancesProbe())
    spent = used(now, v.second)[1] - used(before, v.second)[1]
    require(
        spent >= BURNT,
        "idle",
        expected=f"{v.second} has used 2 seconds of processor since this step began.",
        observed=f"It has used {spent:.1f}.",
        look="incus list --all-projects",
    )


@step.check("bill", points=2, needs=("burn",))
async def bill(see: See, v: Values) -> None:
    found, file = await see(IncusInstancesProbe(), FileProbe(BILL))
    require(
        file.exists and file.kind == "file",
        "no-file",
        expected="There is a file ~/work/bill.",
        observed="There is none.",
        look="ls -la ~/work",
    )
    said: dict[str, str] = {}
    for line in file.content.replace("\ufeff", "").splitlines():
        words = line.replace(":", " ").replace("=", " ").split()
        if words:
            said[words[0]] = " ".join(words[1:])
    projects = (v.first, v.second)
    require(
        set(said) == set(projects),
        "other-lines",
        expected=f"It has two lines, one begins with {v.first}, one with {v.second}.",
        observed=f"Its lines begin with {', '.join(sorted(said)) or 'nothing'}.",
        look="cat ~/work/bill",
    )
    for project in projects:
        number = _number(said[project])
        least, most = used(found, project)
        require(
            number is not None,
            "no-number",
            expected=f"Behind {project} stands its number of seconds.",
            observed=f"There stands {said[project][:40]!r}.",
            look="cat ~/work/bill",
        )
        assert number is not None
        require(
            least - TOLERANCE <= number <= most + TOLERANCE,
            "other-number",
            # Not the number itself: reading it is the task.
            expected=f"Behind {project} stands what the cloud has measured, give or take half a "
            "second.",
            observed=f"The bill says {number:g}, and that is too "
            f"{'little' if number < least else 'much'}.",
            look=f"{METRICS} | grep cpu_seconds",
        )


def _number(text: str) -> float | None:
    try:
        return float(text.lower().removesuffix("seconds").removesuffix("s").replace(",", "."))
    except ValueError:
        return None


def limit(v: Values) -> str:
    return f"incus project set {v.first} limits.instances={MOST}"


def spend(v: Values, project: str = "") -> str:
    # By the processor's time, not by the clock: on a busy machine the two are far apart.
    loop = "sh -c 'ulimit -t 2; while :; do :; done' || [ $? -gt 128 ]"
    return f"incus exec one --project {project or v.second} -- {loop}"


def line(project: str, more: str = "") -> str:
    return (
        f'{METRICS} | awk \'/^incus_cpu_seconds_total.*{more}project="{project}"/ '
        f'{{ sum += $2 }} END {{ print "{project}", sum }}\''
    )


# Who asks for the metrics again within eight seconds is told the same: so the wait belongs to it.
step.solution(
    "from the metrics",
    lambda v: [
        limit(v),
        spend(v),
        f"sleep 9; {{ {line(v.first)}; {line(v.second)}; }} > bill",
    ],
)


def from_state(v: Values) -> str:
    api = "incus query"
    first = " ".join(
        f"$({api} '/1.0/instances/{name}/state?project={v.first}' | jq .cpu.usage)"
        for name in NAMES
    )
    second = f"$({api} '/1.0/instances/one/state?project={v.second}' | jq .cpu.usage)"
    total = 'awk \'{ for (i = 2; i <= NF; i++) sum += $i; print $1 ":", sum / 1e9, "s" }\''
    return f"{{ echo {v.first} {first} | {total}; echo {v.second} {second} | {total}; }} > bill"


step.solution("from the state of each", lambda v: [spend(v), from_state(v), limit(v)])
step.near_miss(
    "of the other tenant",
    lambda v: [f"incus project set {v.second} limits.instances={MOST}"],
    rejected_by="quota",
    reason="no-limit",
)
step.near_miss(
    "one more",
    lambda v: [f"incus project set {v.first} limits.instances={MOST + 1}"],
    rejected_by="quota",
    reason="other-limit",
)
step.near_miss(
    "one given back instead",
    lambda v: [
        f"incus delete -f two --project {v.first}",
        f"incus project set {v.first} limits.instances={MOST}",
    ],
    rejected_by="quota",
    reason="absent",
)
step.near_miss(
    "the wrong one worked",
    lambda v: [spend(v, v.first)],
    rejected_by="burn",
    reason="idle",
)
step.near_miss(
    "slept instead",
    lambda v: [f"incus exec one --project {v.second} -- sleep 3"],
    rejected_by="burn",
    reason="idle",
)
step.near_miss(
    "one processor of several",
    lambda v: [spend(v), from_state(v), f"sed -i 's/^{v.second}.*/{v.second} 0.25/' bill"],
    rejected_by="bill",
    reason="other-number",
)
step.near_miss(
    "nanoseconds",
    lambda v: [spend(v), from_state(v).replace(" / 1e9", "")],
    rejected_by="bill",
    reason="other-number",
)
step.near_miss(
    "the two mixed up",
    lambda v: [
        spend(v),
        from_state(v),
        f"sed -i 's/^{v.first}/x/; s/^{v.second}/{v.first}/; s/^x/{v.second}/' bill",
    ],
    rejected_by="bill",
    reason="other-number",
)
step.near_miss(
    "one line only",
    lambda v: [spend(v), from_state(v), "sed -i 1d bill"],
    rejected_by="bill",
    reason="other-lines",
)
