"""When a machine was off, as the engine of the bench told it."""

from __future__ import annotations

from itertools import pairwise

from lab_engine.authoring import DockerEventsProbe, See, require

Absence = tuple[float, float]
"""From its end to its next start, in seconds since 1970; without an end while it is off."""


async def absences(see: See, machine: str) -> list[Absence]:
    """Those since the step began. Call it first: it asks what was told before."""
    probe = DockerEventsProbe(machine)
    before = await see.before(probe)
    now = await see(probe)
    turns = [
        (one.action, one.at) for one in now.after(before.last) if one.action in ("die", "start")
    ]
    found = [(at, up) for (did, at), (_, up) in pairwise(turns) if did == "die"]
    if turns and turns[-1][0] == "die":
        found.append((turns[-1][1], float("inf")))
    return found


def within(moment: float, off: list[Absence]) -> bool:
    return any(down < moment < up for down, up in off)


def require_off(machine: str, off: list[Absence]) -> None:
    """Reason: `not-off`."""
    require(
        off,
        "not-off",
        expected=f"{machine} was off since this step began.",
        observed="It has run all the time.",
        look="docker ps -a",
    )
