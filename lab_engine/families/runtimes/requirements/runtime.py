"""Statements about containers of runc and crun that a lab can require (client side)."""

from __future__ import annotations

from collections.abc import Sequence

from lab_engine.common.evidence import See, require
from lab_engine.families.cgroups.requirements.groups import require_group
from lab_engine.families.netlink.probes.namespaces import InhabitantsProbe
from lab_engine.families.runtimes.probes import (
    RuntimeContainerProbe,
    RuntimeContainerReading,
    RuntimeContainersProbe,
)
from lab_engine.families.runtimes.requirements.runs import runs


async def require_runtime_container(
    see: See,
    name: str,
    *,
    runtime: str = "runc",
    status: str = "running",
    argv: Sequence[str] = (),
    hostname: str = "",
    memory: int | None = None,
) -> RuntimeContainerReading:
    """A container of runc or crun is in this state, by the runtime's notes and by its process.

        lamp = await require_runtime_container(see, "lamp", argv=["sleep", "300"], memory=32 << 20)

    One round trip, one more for `hostname` and one for `memory`. The names of its first process and
    its host, and its limit, are read from the kernel, so that a changed config.json that nothing
    runs from is no evidence.

    Reasons: `no-container`, `other-status`, `other-program`, `other-hostname`, those of
    `require_group`.

    Args:
        see: the check's way to ask.
        name: the container's, whole.
        runtime: `runc` or `crun`.
        status: `created`, `running`, `paused` or `stopped`.
        argv: the command line of its first process, once that is started.
        hostname: that of its own UTS namespace.
        memory: bytes that its control group may have.
    """
    found, every = await see(RuntimeContainerProbe(name, runtime), RuntimeContainersProbe())
    look = f"sudo {runtime} list"
    others = [f"{one.id} ({one.runtime}, {one.status})" for one in every.containers]
    require(
        found.exists,
        "no-container",
        expected=f"{runtime} has a container called {name}.",
        observed=f"There is {', '.join(others)}." if others else "There is none.",
        look="for r in runc crun; do command -v $r > /dev/null && sudo $r list; done; true",
    )
    require(
        found.status == status,
        "other-status",
        expected=f"The container {name} is {status}.",
        observed=f"It is {found.status}.",
        look=look,
    )
    require(
        not argv or runs(found.argv, found.exe, argv),
        "other-program",
        expected=f"The container {name} runs `{' '.join(argv)}`.",
        observed=f"It runs `{' '.join(found.argv)}` ({found.exe}).",
        look=look,
    )
    if hostname:
        seen = await see(InhabitantsProbe(pid=found.pid))
        called = [one.hostname for one in seen.processes]
        require(
            hostname in called,
            "other-hostname",
            expected=f"In the container {name} the host is called {hostname}.",
            observed=f"It is called {', '.join(called) or 'nothing'}.",
            look=f"sudo nsenter -t {found.pid} --uts hostname",
        )
    if memory is not None:
        await require_group(see, name, pid=found.pid, memory=memory)
    return found
