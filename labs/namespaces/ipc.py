"""IPC: shared memory that only those in the room can share."""

from __future__ import annotations

from lab_engine.authoring import See, SystemVProbe, require, require_process
from labs.namespaces.values import Values, disguised, lab, sleep, started

step = lab.step("ipc")


@step.check("own-memory", points=2)
async def own_memory(see: See, v: Values) -> None:
    process, _ = await require_process(see, sleep(v.ipc_seconds), apart=["ipc"])
    inside, outside = await see(SystemVProbe(process.pid), SystemVProbe())
    sizes = [segment.size for segment in inside.segments]
    leaked = [segment.id for segment in outside.segments if segment.size == v.shm_bytes]
    look = f"sudo nsenter -t {process.pid} --ipc ipcs -m; ipcs -m"
    require(
        v.shm_bytes in sizes or not leaked,
        "outside",
        expected=f"The segment of {v.shm_bytes} bytes is where the process is.",
        observed=f"Your shell sees it, with the id {leaked[0]}; the process does not."
        if leaked
        else "",
        look=look,
    )
    require(
        sizes,
        "no-segment",
        expected=f"Where the process is, there is a shared memory segment of {v.shm_bytes} bytes.",
        observed="There is none.",
        look=look,
    )
    require(
        v.shm_bytes in sizes,
        "other-size",
        expected=f"The segment has {v.shm_bytes} bytes.",
        observed=f"It has {', '.join(str(size) for size in sizes)}.",
        look=look,
    )


step.solution(
    "a shell that makes it and becomes the sleep",
    lambda v: [
        started(
            f"sudo unshare --ipc sh -c 'ipcmk -M {v.shm_bytes}; exec sleep {v.ipc_seconds}'",
            v.ipc_seconds,
        )
    ],
)
step.solution(
    "the sleep first, the memory from outside",
    lambda v: [
        started(f"sudo unshare --ipc sleep {v.ipc_seconds}", v.ipc_seconds),
        f"sudo nsenter -t $(pgrep -xf 'sleep {v.ipc_seconds}') --ipc ipcmk -M {v.shm_bytes}",
    ],
    explained={1: ["no-segment"]},
)
step.solution(
    "a first try outside, and then in there",
    lambda v: [
        f"ipcmk -M {v.shm_bytes}",
        started(
            f"sudo unshare --ipc sh -c 'ipcmk -M {v.shm_bytes}; exec sleep {v.ipc_seconds}'",
            v.ipc_seconds,
        ),
    ],
    survives={0: "it is another segment, which nobody asked for"},
)
step.near_miss(
    "made outside",
    lambda v: [
        f"ipcmk -M {v.shm_bytes}",
        started(f"sudo unshare --ipc sleep {v.ipc_seconds}", v.ipc_seconds),
    ],
    rejected_by="own-memory",
    reason="outside",
    explain="A new IPC namespace begins empty: what was made before stays outside. Make it inside.",
)
step.near_miss(
    "made in a namespace that ended",
    lambda v: [
        f"sudo unshare --ipc ipcmk -M {v.shm_bytes}",
        started(f"sudo unshare --ipc sleep {v.ipc_seconds}", v.ipc_seconds),
    ],
    rejected_by="own-memory",
    reason="no-segment",
    explain="A new IPC namespace begins empty, and what another `unshare` made has ended with that "
    "one. The memory has to be made in the namespace of the sleep.",
)
step.near_miss(
    "another size",
    lambda v: [
        started(
            f"sudo unshare --ipc sh -c 'ipcmk -M {v.shm_bytes + 1}; exec sleep {v.ipc_seconds}'",
            v.ipc_seconds,
        )
    ],
    rejected_by="own-memory",
    reason="other-size",
    explain="ipcmk -M takes the size in bytes.",
)
step.near_miss(
    "no namespace",
    lambda v: [started(f"sleep {v.ipc_seconds}", v.ipc_seconds)],
    rejected_by="own-memory",
    reason="not-apart",
    explain="Its IPC namespace is that of your shell, so everybody here could attach the memory.",
)
step.near_miss(
    "another program under its name",
    lambda v: [
        started(
            f'sudo unshare --ipc bash -c "ipcmk -M {v.shm_bytes}; {disguised(v.ipc_seconds)}"',
            v.ipc_seconds,
        )
    ],
    rejected_by="own-memory",
    reason="other-program",
    explain="A process may call itself what it likes. Which file it runs, the kernel tells.",
)
