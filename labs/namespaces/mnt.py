"""mnt: the same path, another folder."""

from __future__ import annotations

from lab_engine.authoring import (
    Directory,
    DirectoryProbe,
    FileProbe,
    MountProbe,
    See,
    as_read,
    require,
    require_file,
    require_mount,
    require_process,
    require_same_file,
)
from labs.namespaces.values import Values, lab, sleep, started

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
    note = f"{path}/note.txt"
    await see.before(FileProbe(note))
    was = await see.before(FileProbe(path))
    was_list = await see.before(DirectoryProbe(path))
    folder, outside_list = await see(FileProbe(path), DirectoryProbe(path))
    process, _ = await require_process(see, sleep(v.mnt_seconds), apart=["mnt"])
    there = process.pid
    leaked, inside, outside, listed, on_top, folder_inside = await see(
        MountProbe(path),
        FileProbe(note, pid=there),
        FileProbe(note),
        DirectoryProbe(path, pid=there),
        MountProbe(path, pid=there),
        FileProbe(path, pid=there),
    )
    require(
        not leaked.exists or folder.device != folder_inside.device,
        "leaked",
        expected=f"Outside, nothing is mounted on {path}.",
        observed=f"What is mounted inside ({leaked.fstype}) is mounted there for everybody.",
        look=f"findmnt {path}",
    )
    require(
        not leaked.exists,
        "mounted-outside",
        expected=f"Outside, nothing is mounted on {path}.",
        observed=f"Something ({leaked.fstype}) is mounted there.",
        look=f"findmnt {path}",
    )
    require(
        (folder.mode, folder.owner) == (was.mode, was.owner)
        and outside_list.entries == was_list.entries,
        "changed-outside",
        expected=f"Outside, {path} is as it was.",
        observed="Its mode, its owner, or what lies in it is not.",
        look=f"ls -la {path}",
    )
    require(
        on_top.exists
        or (inside.device, inside.inode) != (outside.device, outside.inode)
        or as_read(outside.content) != v.secret,
        "one-folder",
        expected=f"Outside, {note} says what it said.",
        observed="It says the same as inside: there is one file only.",
        look=f"cat {note}",
    )
    await require_same_file(see, note)
    await require_mount(see, path, pid=there)
    require(
        on_top.fstype != "tmpfs" or listed.entries,
        "empty",
        expected=f"Where the process is, {note} says {v.secret!r}.",
        observed="A tmpfs is mounted there, and nothing is in it.",
        look=f"sudo nsenter -t {there} --mount ls -la {path}",
    )
    await require_file(see, note, says=v.secret, pid=there)


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
    explained={2: ["one-folder"], 3: ["empty"]},
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
    reason="one-folder",
    explain="A mount namespace copies the list of mounts, not the files: both see one folder.",
)
step.near_miss(
    "an empty folder",
    lambda v: [within(v, "--mount", mount(v))],
    rejected_by="own-view",
    reason="empty",
    explain="A new tmpfs is empty and hides what was there. Write the note into it.",
)
step.near_miss(
    "no namespace",
    lambda v: [started(f"sleep {v.mnt_seconds}", v.mnt_seconds)],
    rejected_by="own-view",
    reason="not-apart",
    explain="What your shell starts sees your shell's mounts.",
)
step.near_miss(
    "the note of everybody, written anew",
    lambda v: [
        "echo hello > private && sudo cp private /mnt/" + v.folder + "/note.txt",
        within(v, "--mount", mount(v), write(v)),
    ],
    rejected_by="own-view",
    reason="other-content",
)
step.near_miss(
    "mounted one folder too high",
    lambda v: [
        within(
            v,
            "--mount",
            "mount -t tmpfs mine /mnt",
            f"mkdir /mnt/{v.folder}",
            write(v),
        )
    ],
    rejected_by="own-view",
    reason="not-mounted",
)
step.near_miss(
    "mounted over the note",
    lambda v: [
        within(v, "--mount", mount(v), write(v), mount(v)),
    ],
    rejected_by="own-view",
    reason="empty",
    explain="A new tmpfs is empty and hides what was there. Write the note into it.",
)
step.near_miss(
    "a folder in the place of the note",
    lambda v: [within(v, "--mount", mount(v), f"mkdir /mnt/{v.folder}/note.txt")],
    rejected_by="own-view",
    reason="no-plain-file",
)
