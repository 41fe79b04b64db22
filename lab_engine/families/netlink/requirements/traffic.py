"""Statements about what many requests saw (client side)."""

from __future__ import annotations

from collections.abc import Collection

from lab_engine.common import place
from lab_engine.common.evidence import See, require
from lab_engine.common.place import BENCH, Place
from lab_engine.families.netlink.probes.traffic import (
    BurstProbe,
    BurstReading,
    Turn,
    WatchProbe,
    WatchReading,
)

GOOD = "200"


async def require_burst(
    see: See,
    url: str,
    at: Place = BENCH,
    *,
    requests: int = 20,
    at_once: int = 4,
    answers: Collection[str] = (GOOD,),
    bodies: Collection[str] = (),
    slowest: float | None = None,
    host: str = "",
) -> BurstReading:
    """Many requests, several at once, are all answered in one of these ways. One round trip.

        await require_burst(see, "http://10.0.0.10/", requests=40, at_once=8, bodies=["a", "b"])

    Reasons: `no-place`, `other-answers`, `missing` (nobody gave one of the answers), `other-page`,
    `missing-page`, `too-slow`.

    Args:
        see: the check's way to ask.
        url: what is asked for.
        at: from where.
        requests: how many, 1 to 500.
        at_once: how many side by side, 1 to 64.
        answers: statuses and problems that may come and must come, such as `200`, `503`, `refused`.
        bodies: the texts of good answers, all of which must come, and no other; empty for any.
        slowest: milliseconds that an answer may take at most.
        host: what the header `Host` says; what the URL says when empty.
    """
    found = await see(BurstProbe(url, at, requests, at_once, host=host))
    header = f"-H 'Host: {host}' " if host else ""
    curl = f"{place.prefix(at)}curl -s -m 2 {header}-w ' %{{http_code}}\\n' {url}"
    look = f"for i in 1 2 3 4 5; do {curl}; done"
    look = f"{look} || true"
    require(
        found.exists,
        "no-place",
        expected=f"{place.words(at).capitalize()} is there.",
        observed="It is not.",
        look=look,
    )
    said = ", ".join(f"{count} of {answer}" for answer, count in sorted(found.answers.items()))
    require(
        found.answers.keys() <= set(answers),
        "other-answers",
        expected=f"{requests} requests are all answered with {' or '.join(answers)}.",
        observed=f"Of {found.sent}: {said}.",
        look=look,
    )
    require(
        set(answers) <= found.answers.keys(),
        "missing",
        expected=f"Of {requests} requests there are some of {', some of '.join(answers)}.",
        observed=f"Of {found.sent}: {said}.",
        look=look,
    )
    texts = {text.strip() for text in found.bodies}
    require(
        not bodies or texts <= set(bodies),
        "other-page",
        expected=f"The answers say {' or '.join(bodies)}.",
        observed=f"Some say {', '.join(sorted(texts - set(bodies)))[:80]}.",
        look=look,
    )
    require(
        set(bodies) <= texts,
        "missing-page",
        expected=f"Some answers say {' and some '.join(bodies)}.",
        observed=f"Only: {', '.join(sorted(texts))[:80] or 'nothing'}.",
        look=look,
    )
    require(
        slowest is None or found.slowest <= slowest,
        "too-slow",
        expected=f"Each answer takes {slowest:g} ms at most." if slowest else "",
        observed=f"One took {found.slowest:.0f} ms.",
        look=look,
    )
    return found


async def require_nothing_lost(
    see: See,
    url: str,
    at: Place = BENCH,
    *,
    least: int = 10,
    every: float = 0.1,
    seconds: float = 1.0,
) -> WatchReading:
    """Since the step began, no marked request was lost from the first good answer on.

        await require_nothing_lost(see, "http://10.0.0.10/", least=20)

    The bench sends one every `every` seconds while the learner works. One round trip.

    Reasons: `never-answered`, `lost`, `too-few` (not `least` in a row yet: wait).

    Args:
        see: the check's way to ask.
        url: what is asked for.
        at: from where.
        least: so many good answers there must be.
        every: seconds between two requests.
        seconds: so long an answer may take.
    """
    turns = await _turns(see, url, at, every, seconds)
    curl = f"curl -s -m {max(2.0, seconds):g} -o /dev/null -w '%{{http_code}}\\n'"
    look = f"{place.prefix(at)}{curl} {url} || true"
    good = next((i for i, one in enumerate(turns) if one.answer == GOOD), None)
    require(
        good is not None,
        "never-answered",
        expected=f"{url} answers.",
        observed=f"Since this step began it never did: {turns[-1].answer if turns else 'nothing'}.",
        look=look,
    )
    bad = [one for one in turns[good:] if one.answer != GOOD]
    lost = sum(one.count for one in bad)
    require(
        not bad,
        "lost",
        expected="Not one request is lost, from the first good answer on.",
        observed=f"{lost} were: {', '.join(dict.fromkeys(one.answer for one in bad))}.",
        look=look,
    )
    count = sum(one.count for one in turns[good:])
    require(
        count >= least,
        "too-few",
        expected=f"{least} requests in a row are answered.",
        observed=f"So far {count}.",
        look=look,
    )
    return await see(WatchProbe(url, at, every, seconds))


async def require_turn(
    see: See, url: str, at: Place = BENCH, *, answers: Collection[str], every: float = 0.1
) -> tuple[Turn, ...]:
    """Since the step began, marked requests were answered so, one after the other. One round trip.

        await require_turn(see, "http://10.0.0.10/", answers=["refused", "200"])

    For "it was refused, and then it was allowed": others may come between. The first of them may
    have been so when the step began.

    Reasons: `never` (one of them never came), `other-order`.

    Args:
        see: the check's way to ask.
        url: what is asked for.
        at: from where.
        answers: statuses and problems, in order.
        every: seconds between two requests.
    """
    turns = await _turns(see, url, at, every)
    said = ", then ".join(one.answer for one in turns[-8:]) or "nothing"
    look = f"{place.prefix(at)}curl -s -m 2 -o /dev/null -w '%{{http_code}}\\n' {url} || true"
    for answer in answers:
        require(
            any(one.answer == answer for one in turns),
            "never",
            expected=f"{url} was answered: {', then '.join(answers)}.",
            observed=f"It was: {said}.",
            look=look,
        )
    rest = iter(turns)
    require(
        all(any(one.answer == answer for one in rest) for answer in answers),
        "other-order",
        expected=f"{url} was answered: {', then '.join(answers)}.",
        observed=f"It was: {said}.",
        look=look,
    )
    return turns


async def _turns(
    see: See, url: str, at: Place, every: float, seconds: float = 1.0
) -> tuple[Turn, ...]:
    probe = WatchProbe(url, at, every, seconds)
    before = await see.before(probe)
    now = await see(probe)
    # When the bench stopped asking in between, all that it has seen since it began anew counts.
    return now.since(before.now) if now.began == before.began else now.turns
