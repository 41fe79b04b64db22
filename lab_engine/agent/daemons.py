"""The bench's own daemons: started when a lesson wants them, and told apart from broken ones."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from lab_engine.common.patience import patient
from lab_engine.errors import DaemonDown, UsageError
from lab_engine.families import registry
from lab_engine.families.family import Family
from lab_engine.families.registry import FAMILIES
from lab_engine.kernel import processes, sockets

SCRIPTS = "/usr/lib/infralab/bin"
START_LIMIT = patient(60.0)


def answers(daemon: str) -> bool:
    """Whether the daemon does its work."""
    return usable(FAMILIES[daemon])


def usable(family: Family) -> bool:
    """Whether what a family's providers and readers talk to is there: its daemon, or the kernel."""
    daemon = family.daemon
    if daemon is None:
        return True
    # A process that is gone says so at once; a socket may take its time.
    lives = not daemon.pidfile or processes.of_pidfile(daemon.pidfile) is not None
    asked = (daemon.socket, daemon.behind) if daemon.behind else (daemon.socket,)
    return lives and all(sockets.answers(one) for one in asked)


async def start(daemon: str, tell: Callable[[str, str], None]) -> None:
    """Start a daemon if it does not answer. Raises DaemonDown with the end of its log."""
    if daemon not in registry.daemons():
        raise UsageError(
            f"the bench has no daemon called {daemon!r}",
            hint=f"It has: {', '.join(registry.daemons())}.",
        )
    if answers(daemon):
        return
    tell(daemon, "starting")
    process = await asyncio.create_subprocess_exec(
        f"{SCRIPTS}/start-{daemon}",
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        output, _ = await asyncio.wait_for(process.communicate(), START_LIMIT)
    except TimeoutError:
        process.kill()
        await process.wait()
        output = f"no answer in {START_LIMIT:g} s".encode()
    if not answers(daemon):
        tell(daemon, "down")
        tail = output.decode(errors="replace").strip()[-400:]
        raise DaemonDown(
            f"the bench's {daemon} daemon could not be started: {tail or 'it said nothing'}",
            daemon=daemon,
            hint="Its log is in /var/log/infralab/ in the bench. `infralab repair` tries again; "
            "`infralab repair --reset` puts back its settings, too, and the step as it was. "
            f"({daemon})",
        )
    tell(daemon, "ready")


def state() -> dict[str, bool]:
    return {daemon: answers(daemon) for daemon in registry.daemons()}
