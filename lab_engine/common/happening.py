"""What happened, as a daemon told it: the order of things, which no file's time can forge."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from lab_engine.common.evidence import See, require
from lab_engine.common.probe import Probe, Reading


class Happening(msgspec.Struct, frozen=True):
    """One event. `number` rises by one with each that the bench's agent was told of this family.

    `at` is in seconds since 1970 by the daemon's clock. `action` is the daemon's word, `subject`
    the thing's name at that time, `id` what it keeps for life, `facts` what the daemon adds.
    """

    number: int
    at: float
    kind: str
    action: str
    subject: str
    id: str = ""
    facts: dict[str, str] = msgspec.field(default_factory=dict)


class HappeningsReading(Reading, frozen=True):
    """The latest of them, oldest first. `last` is the number of the latest of all of the family."""

    drifts: ClassVar[frozenset[str]] = frozenset({"last"})

    last: int = 0
    happenings: tuple[Happening, ...] = ()

    def after(self, number: int) -> tuple[Happening, ...]:
        """Those that came after the one of that number."""
        return tuple(one for one in self.happenings if one.number > number)


class Fact(msgspec.Struct, frozen=True):
    """An action with some of its facts: `Fact("die", {"exitCode": "3"})`."""

    action: str
    facts: dict[str, str] = msgspec.field(default_factory=dict)

    def fits(self, one: Happening) -> bool:
        return one.action == self.action and self.facts.items() <= one.facts.items()

    def __str__(self) -> str:
        more = ", ".join(f"{name} {value}" for name, value in self.facts.items())
        return f"{self.action} ({more})" if more else self.action


def as_fact(what: str | Fact) -> Fact:
    return what if isinstance(what, Fact) else Fact(what)


async def since_start(see: See, probe: Probe[HappeningsReading]) -> tuple[Happening, ...]:
    """What happened since the step began. Two questions at its start, one after that."""
    before = await see.before(probe)
    return (await see(probe)).after(before.last)


async def require_order(
    see: See,
    probe: Probe[HappeningsReading],
    first: str | Fact,
    *then: str | Fact,
    never: tuple[str | Fact, ...] = (),
    look: str = "",
) -> tuple[Happening, ...]:
    """Since the step began these happened in this order, with anything between. One round trip.

        await require_order(see, DockerEventsProbe("c3"), "pause", "unpause", never=("kill",))
        await require_order(see, DomainEventsProbe(v.vm), Fact("started", {"why": "from_snapshot"}))

    As the daemon told it when it happened. Returns the events that were found, one for each word.

    Reasons: `not-happened`, `other-order` (each happened, but not in this order), `happened`.

    Args:
        see: the check's way to ask.
        probe: `DockerEventsProbe` or `DomainEventsProbe`, of one thing.
        first: a daemon's word for what happened, or a `Fact` with more about it.
        then: what came after it, in order.
        never: what did not happen at all.
        look: the command that shows it.
    """
    happened = await since_start(see, probe)
    wanted = [as_fact(one) for one in (first, *then)]
    said = ", ".join(one.action for one in happened[-12:]) or "nothing of the kind"
    for fact in wanted:
        require(
            any(fact.fits(one) for one in happened),
            "not-happened",
            expected=f"Since this step began there was: {fact}.",
            observed=f"There was: {said}.",
            look=look,
        )
    found: list[Happening] = []
    # One iterator for all: each is looked for after the one before it.
    rest = iter(happened)
    for fact in wanted:
        one = next((one for one in rest if fact.fits(one)), None)
        if one is None:
            break
        found.append(one)
    require(
        len(found) == len(wanted),
        "other-order",
        expected=f"In this order: {', '.join(map(str, wanted))}.",
        observed=f"There was: {said}.",
        look=look,
    )
    for fact in map(as_fact, never):
        require(
            not any(fact.fits(one) for one in happened),
            "happened",
            expected=f"Since this step began there was no {fact}.",
            observed=f"There was: {said}.",
            look=look,
        )
    return tuple(found)
