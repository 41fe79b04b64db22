"""How much: a limit for memory, and the process that it ends."""

from __future__ import annotations

from lab_engine.authoring import See, require_held_back
from labs.cgroups.made import require_made
from labs.cgroups.values import NAMES, Values, lab, made, within

step = lab.step("memory", resources=lambda _: [NAMES])


@step.check("limit")
async def limit(see: See, v: Values) -> None:
    await require_made(see, "MEMORY", v.fed, memory=v.mib << 20)


@step.check("killed", points=2, needs=("limit",))
async def killed(see: See, v: Values) -> None:
    await require_held_back(see, f"/{v.fed}", "memory")


def given(v: Values, amount: str) -> str:
    return f"echo {amount} | sudo tee $MEMORY/{v.fed}/$MEMORY_MAX"


def eater(v: Values) -> str:
    return within("MEMORY", v.fed, "head -c 200M /dev/zero | tail") + " > /dev/null || echo ended"


KEPT = (
    "The limit is there, and the kernel has ended nobody for it. Either the processes of the "
    "group never kept that much at one time (what is only passed on is not kept, and swap is "
    "not counted here), or they were started outside, or somebody else ended them."
)

NUMBER = (
    "The number in the file is another one. A bare number is bytes; behind it, `K` stands for "
    "1024, and `M` for 1024 times 1024."
)
NONE = (
    "The group has no limit yet. One is written into its file for memory. If `tee` spoke of an "
    "invalid argument, the kernel did not take what it was given: `M` stands for MiB, not `MB`."
)

step.solution(
    "tail, which looks for the end of a line that has none",
    lambda v: [made("MEMORY", v.fed), given(v, f"{v.mib}M"), eater(v)],
    explained={1: ["no-limit"], 2: ["not-grown"]},
)
step.solution(
    "in bytes, and a Python that wants more",
    lambda v: [
        made("MEMORY", v.fed),
        given(v, str(v.mib << 20)),
        within("MEMORY", v.fed, f"exec python3 -c 'x = bytearray({v.mib * 4} << 20)'") + " || true",
    ],
    explained={1: ["no-limit"], 2: ["not-grown"]},
)
step.near_miss(
    "a million for each MiB",
    lambda v: [made("MEMORY", v.fed), given(v, f"{v.mib}000000"), eater(v)],
    rejected_by="limit",
    reason="other-memory",
    explain=NUMBER,
)
step.near_miss(
    "no letter",
    lambda v: [made("MEMORY", v.fed), given(v, str(v.mib))],
    rejected_by="limit",
    reason="other-memory",
    explain=NUMBER,
)
step.near_miss(
    "a word that the kernel does not know",
    lambda v: [made("MEMORY", v.fed), given(v, f"{v.mib}MB") + " || true"],
    rejected_by="limit",
    reason="no-limit",
    explain=NONE,
)
step.near_miss(
    "a letter more",
    lambda v: [
        made("MEMORY", v.fed + "s"),
        f"echo {v.mib}M | sudo tee $MEMORY/{v.fed}s/$MEMORY_MAX",
    ],
    rejected_by="limit",
    reason="other-name",
)
step.near_miss(
    "no limit, and killed by hand",
    lambda v: [
        made("MEMORY", v.fed),
        within("MEMORY", v.fed, "kill -9 \\$\\$") + " || true",
    ],
    rejected_by="limit",
    reason="no-limit",
    explain=NONE,
)
step.near_miss(
    "killed by hand",
    lambda v: [
        made("MEMORY", v.fed),
        given(v, f"{v.mib}M"),
        within("MEMORY", v.fed, "kill -9 \\$\\$") + " || true",
    ],
    rejected_by="killed",
    reason="not-grown",
    explain=KEPT,
)
step.near_miss(
    "what is read is not what is kept",
    lambda v: [
        made("MEMORY", v.fed),
        given(v, f"{v.mib}M"),
        within("MEMORY", v.fed, "head -c 200M /dev/zero > /dev/null"),
    ],
    rejected_by="killed",
    reason="not-grown",
    explain=KEPT,
)
step.near_miss(
    "outside of the group",
    lambda v: [
        made("MEMORY", v.fed),
        given(v, f"{v.mib}M"),
        "head -c 200M /dev/zero | tail > /dev/null",
    ],
    rejected_by="killed",
    reason="not-grown",
    explain=KEPT,
)
step.near_miss(
    "without the names",
    lambda v: [f"sudo mkdir $MEMORY/{v.fed}; echo {v.mib}M | sudo tee /{v.fed}/memory.max"],
    rejected_by="limit",
    reason="at-the-top",
)
