"""Statements about projects, and about who may do what in them (client side)."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from lab_engine.common.evidence import See, require
from lab_engine.families.incus.probes import (
    IncusCertificate,
    IncusEventsProbe,
    IncusInstancesProbe,
    IncusProjectReading,
    IncusProjectsProbe,
    IncusTrustProbe,
)
from lab_engine.families.incus.resources import DEFAULT, local_name

TRUST = "incus config trust list"


async def require_project(
    see: See,
    name: str,
    *,
    shares: Collection[str] = (),
    limits: Mapping[str, int] | None = None,
) -> IncusProjectReading:
    """There is a project of this name, limited as Incus itself counts. One round trip.

        await require_project(see, "bank", limits={"instances": 2, "memory": 256 << 20})
        await require_project(see, "bank", shares=("images", "profiles"))

    Reasons: `no-project`, `own-features`, `no-limit`, `other-limit`.

    Args:
        see: the check's way to ask.
        name: its name in full.
        shares: what it has in common with `default` (`images`, `profiles`, `networks`, ...): its
            features that are off.
        limits: kind (`instances`, `containers`, `memory`, `cpu`, ...) to the most of it; bytes for
            memory. Others are allowed.
    """
    every = await see(IncusProjectsProbe())
    found = every.named(name)
    names = ", ".join(one.name for one in every.projects)
    require(
        found.exists,
        "no-project",
        expected=f"There is a project called {name}.",
        observed=f"There is none. There are {names}." if names else "There is none.",
        look="incus project list",
    )
    own = [one for one in shares if found.config.get(f"features.{one}") != "false"]
    require(
        not own,
        "own-features",
        expected=f"{name} shares its {' and its '.join(shares)} with the project default.",
        observed=f"It has {' and '.join(own)} of its own.",
        look=f"incus project show {name}",
    )
    for kind, most in (limits or {}).items():
        limit = found.uses[kind].limit if kind in found.uses else None
        look = f"incus project info {name}"
        require(
            limit is not None,
            "no-limit",
            expected=f"{name} may have at most {_much(kind, most)}.",
            observed="It is not limited.",
            look=look,
        )
        require(
            limit == most,
            "other-limit",
            expected=f"{name} may have at most {_much(kind, most)}.",
            observed=f"Its limit is {limit}.",
            look=look,
        )
    return found


async def require_restricted(see: See, project: str) -> IncusCertificate:
    """A client is let in that may do something in this project, and nowhere else. One round trip.

        await require_restricted(see, "bank")

    Reasons: `nobody-trusted`, `unrestricted` (there is one that may do everything, the kit's own
    aside), `other-projects`.
    """
    trust = await see(IncusTrustProbe())
    clients = [one for one in trust.certificates if one.type == "client"]
    require(
        clients,
        "nobody-trusted",
        expected="The API lets a client in.",
        observed="It trusts nobody.",
        look=TRUST,
    )
    free = [one.name for one in clients if not one.restricted]
    require(
        not free,
        "unrestricted",
        expected=f"Whoever is let in may see {project} and nothing else.",
        observed=f"{', '.join(free)} may do everything.",
        look=TRUST,
    )
    fitting = [one for one in clients if one.projects == (project,)]
    others = sorted({", ".join(one.projects) or "no project" for one in clients})
    require(
        fitting,
        "other-projects",
        expected=f"A client is let in to {project} alone.",
        observed=f"There is one for {'; one for '.join(others)}.",
        look=TRUST,
    )
    return fitting[0]


async def require_rented_over_api(
    see: See, name: str, *, project: str = DEFAULT, address: str = ""
) -> None:
    """Since the step began, a restricted client made this instance, over the network.

        await require_rented_over_api(see, "web1", project="bank", address="10.99.0.2")

    By the certificate with which it was asked for, as the daemon told it. Two questions at the
    step's start, one round trip after that.

    Reasons: `not-rented` (or gone again), `on-the-socket` (asked for on the machine itself),
    `from-elsewhere`, `by-another` (a client that is not let in to this project alone).

    Args:
        see: the check's way to ask.
        name: its name in full.
        project: where it must be.
        address: from where the client must have asked; empty for anywhere.
    """
    probe = IncusEventsProbe(local_name(project, name))
    before = await see.before(probe)
    now, trust, there = await see(probe, IncusTrustProbe(), IncusInstancesProbe())
    made = [one for one in now.after(before.last) if one.action == "created"]
    look = "incus list --all-projects"
    # The events may tell of one that was made, and is gone again.
    rooms = [one.project for one in there.instances if one.name == name]
    require(
        project in rooms,
        "not-rented",
        expected=f"There is {name} in the project {project}.",
        observed=f"There is one in {', '.join(rooms)}." if rooms else "There is none.",
        look=look,
    )
    require(
        made,
        "not-rented",
        expected=f"Since this step began, {name} was made in the project {project}.",
        observed="It was not.",
        look=look,
    )
    facts = made[-1].facts
    require(
        facts.get("protocol") == "tls",
        "on-the-socket",
        expected=f"{name} was asked for over the network.",
        observed=f"It was asked for on the machine itself, by {facts.get('username') or 'a user'}.",
        look=look,
    )
    asked = facts.get("address", "")
    require(
        # Incus tells it with the port or without.
        not address or asked == address or asked.startswith((f"{address}:", f"[{address}]:")),
        "from-elsewhere",
        expected=f"{name} was asked for from {address}.",
        observed=f"It was asked for from {asked or 'nowhere'}.",
        look=look,
    )
    own = {
        one.fingerprint
        for one in trust.certificates
        if one.restricted and one.projects == (project,)
    }
    require(
        facts.get("username") in own,
        "by-another",
        expected=f"{name} was asked for by a client that sees {project} alone.",
        observed="The client that asked may see more, or is not let in any more.",
        look=TRUST,
    )


def _much(kind: str, most: int) -> str:
    """The most of a kind, in words.

    >>> _much("memory", 256 << 20), _much("instances", 2)
    ('256 MiB of memory', '2 instances')
    """
    if kind in ("memory", "disk"):
        return f"{most >> 20} MiB of {kind}"
    return f"{most} {kind}"
