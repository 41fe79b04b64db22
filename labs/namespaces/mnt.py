"""mnt: the same path, another folder."""

from __future__ import annotations

from lab_engine.authoring import Directory, FileProbe, Look, MountProbe, See, require
from labs.namespaces.values import Values, apart, lab, sleeper, started

OUTSIDE = "everyone sees this"

LEAKED = (
    "The mount is there outside too. It has to be made inside, and mounts must not be passed on: "
    "that is why unshare makes them private."
)

step = lab.step(
    "mnt",
    resources=lambda v: [
        Directory(
            "folder",
            path=f"/mnt/{v.folder}",
            files={"note.txt": f"{OUTSIDE}\n"},
        )
    ],
)


@step.check("own-view", points=2)
async def own_view(see: See, v: Values) -> None:
    path = f"/mnt/{v.folder}"
    process, seen = await sleeper(see, v.mnt_seconds, "mnt")
    apart(process, seen, "mnt")
    inside, outside, mounted, leaked = await see(
        FileProbe(f"{path}/note.txt", pid=process.pid),
        FileProbe(f"{path}/note.txt"),
        MountProbe(path, pid=process.pid),
        MountProbe(path),
    )
    require(
        not leaked.exists,
        "leaked",
        expected=f"Outside, nothing is mounted on {path}.",
        observed=f"A {leaked.fstype} is mounted there for everybody.",
        look=f"findmnt {path}",
    )
    require(
        outside.exists and outside.content.strip() == OUTSIDE,
        "changed-outside",
        expected=f"Outside, {path}/note.txt still says {OUTSIDE!r}.",
        observed=f"Outside it says {outside.content.strip()!r}."
        if outside.exists
        else "Outside it is gone.",
        look=f"ls -l {path}; cat {path}/*",
    )
    require(
        mounted.exists,
        "nothing-mounted",
        expected=f"Where the process is, something is mounted on {path}.",
        observed="Nothing is mounted there.",
        look=Look(f"sudo nsenter -t {process.pid} --mount findmnt {path}", fails=True),
    )
    require(
        inside.exists,
        "no-note",
        expected=f"Where the process is, {path}/note.txt says {v.secret!r}.",
        observed="There is no such file there.",
        look=f"sudo nsenter -t {process.pid} --mount ls -la {path}",
    )
    require(
        inside.content.strip() == v.secret,
        "other-note",
        expected=f"Where the process is, {path}/note.txt says {v.secret!r}.",
        observed=f"There it says {inside.content.strip()!r}.",
        look=f"sudo nsenter -t {process.pid} --mount cat {path}/note.txt",
    )


def within(v: Values, options: str, *commands: str) -> str:
    """Run the commands in a new mount namespace, and then the sleep."""
    script = "; ".join([*commands, f"exec sleep {v.mnt_seconds}"])
    return started(f"sudo unshare {options} sh -c '{script}'", v.mnt_seconds)


def mount(v: Values) -> str:
    return f"mount -t tmpfs mine /mnt/{v.folder}"


def write(v: Values) -> str:
    return f"echo {v.secret} > /mnt/{v.folder}/note.txt"


step.solution(
    "all in one shell",
    lambda v: [within(v, "--mount", mount(v), write(v))],
)
step.solution(
    "the sleep first, the mount from outside",
    lambda v: [
        started(f"sudo unshare --mount sleep {v.mnt_seconds}", v.mnt_seconds),
        f"PID=$(pgrep -xf 'sleep {v.mnt_seconds}')",
        f"sudo nsenter -t $PID --mount {mount(v)}",
        f"sudo nsenter -t $PID --mount sh -c '{write(v)}'",
    ],
    explained={2: ["changed-outside"], 3: ["no-note"]},
)
step.solution(
    "a folder of your own, bound over it",
    lambda v: [
        f"mkdir private && echo {v.secret} > private/note.txt",
        within(v, "--mount", f"mount --bind /home/learner/work/private /mnt/{v.folder}"),
    ],
)
step.near_miss(
    "mounted for everybody",
    lambda v: [
        f"sudo {mount(v)}",
        f"echo {v.secret} | sudo tee /mnt/{v.folder}/note.txt",
        started(f"sudo unshare --mount sleep {v.mnt_seconds}", v.mnt_seconds),
    ],
    rejected_by="own-view",
    reason="leaked",
    explain=LEAKED,
)
step.near_miss(
    "a namespace that passes its mounts on",
    lambda v: [within(v, "--mount --propagation unchanged", mount(v), write(v))],
    rejected_by="own-view",
    reason="leaked",
    explain=LEAKED,
)
step.near_miss(
    "only the file",
    lambda v: [within(v, "--mount", write(v))],
    rejected_by="own-view",
    reason="changed-outside",
    explain="A mount namespace copies the list of mounts, not the files: both see one folder.",
)
step.near_miss(
    "an empty folder",
    lambda v: [within(v, "--mount", mount(v))],
    rejected_by="own-view",
    reason="no-note",
    explain="A new tmpfs is empty and hides what was there. Write the note into it.",
)
step.near_miss(
    "no namespace",
    lambda v: [started(f"sleep {v.mnt_seconds}", v.mnt_seconds)],
    rejected_by="own-view",
    reason="not-apart",
    explain="What your shell starts sees your shell's mounts.",
)
