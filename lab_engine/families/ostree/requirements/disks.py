"""Statements about the systems on a disk (client side)."""

from __future__ import annotations

from lab_engine.common.evidence import See, require
from lab_engine.families.ostree.probes import Deployment, OstreeSysrootProbe, OstreeSysrootReading

SHORT = 10


async def require_deployed(see: See, sysroot: str, commit: str = "") -> Deployment:
    """A machine that starts from this disk starts this commit. One round trip.

        await require_deployed(see, "/srv/kiosk", v.commit)

    Returns the deployment. Reasons, in this order: `no-sysroot`, `nothing-deployed`,
    `not-deployed` (no entry is of that commit), `not-default` (it is there, behind another one).

    Args:
        see: the check's way to ask.
        sysroot: the folder that is the disk's root.
        commit: the whole checksum; empty for any.
    """
    found = await see(OstreeSysrootProbe(sysroot))
    first = deployed(found, sysroot)
    # `ostree admin status` aborts where somebody deployed `branch^` (2025.2).
    look = f"grep -H . {sysroot}/boot/loader/entries/*.conf"
    there = ", ".join(f"{one.commit[:SHORT]} ({one.title})" for one in found.deployments)
    require(
        not commit or any(one.commit == commit for one in found.deployments),
        "not-deployed",
        expected=f"The commit {commit[:SHORT]} is deployed in {sysroot}.",
        observed=f"Deployed are: {there}.",
        look=look,
    )
    require(
        commit in ("", first.commit),
        "not-default",
        expected=f"A boot loader takes the commit {commit[:SHORT]}.",
        observed=f"It takes {first.commit[:SHORT]}. In this order there are: {there}.",
        look=look,
    )
    return first


def deployed(found: OstreeSysrootReading, sysroot: str) -> Deployment:
    """What a boot loader takes first; a fail where there is nothing."""
    require(
        found.exists,
        "no-sysroot",
        expected=f"{sysroot} is prepared for deployments.",
        observed="There is no repository in it.",
        look=f"ls {sysroot} || true",
    )
    first = found.default
    require(
        first is not None,
        "nothing-deployed",
        expected=f"A system is deployed in {sysroot}.",
        observed="A boot loader finds none.",
        look=f"ls {sysroot}/boot",
    )
    assert first is not None
    return first
