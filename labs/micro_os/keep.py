"""A system that forgets, and a command by which it remembers (Alpine's diskless mode)."""

from __future__ import annotations

from typing import Final

from lab_engine.authoring import Boot, BootProbe, See, require, require_remembers
from labs.micro_os.values import Values, init, lab, pack, program, touches

step = lab.step("keep", continues="boot", touches=touches)

ELSEWHERE: Final = ("/", "/bin", "/home", "/root", "/srv")
"""Folders that are no `/etc`. One that a system has not is passed over."""

DRIVER = "$(find /usr/lib/infralab/guest/lib -name virtio_blk.ko.xz)"
DISK = ("insmod /virtio_blk.ko", "mount -t ext4 /dev/vda /data")


@step.check("keep", points=4)
async def keep(see: See, v: Values) -> None:
    await require_remembers(
        see, v.image, v.motto, keeps=f"/etc/{v.log}", forgets=f"/etc/{v.log}.new", save="save"
    )
    await require_only_etc(see, v)


async def require_only_etc(see: See, v: Values) -> None:
    """What was written outside of `/etc` before `save` is gone at the next start.

    Reasons: `saves-more`.
    """
    folders = " ".join(ELSEWHERE)
    name = f"{v.log}.elsewhere"
    first = Boot(v.motto, (f"for d in {folders}; do echo x > $d/{name}; done", "save", "sync"))
    looks = f"for d in {folders}; do [ -f $d/{name} ] && echo back:$d:; done; echo looked-$((6*7))"
    found = await see(BootProbe(v.image, disk=16, boots=(first, Boot(v.motto, (looks,)))))
    text = found.boots[1].text if len(found.boots) > 1 else ""
    back = [folder for folder in ELSEWHERE if f"back:{folder}:" in text]
    require(
        "looked-42" in text and not back,
        "saves-more",
        expected="What was written outside of /etc is forgotten, also when `save` was called.",
        observed=f"A file was there again in {', '.join(back)}."
        if back
        else "After such a `save` the system did not start again.",
        look=f"ls -l {v.image}",
    )


def driver(v: Values) -> str:
    return f"xz -dc {DRIVER} > {v.os}/virtio_blk.ko"


def save(v: Values, *lines: str) -> str:
    return program(f"{v.os}/bin/save", "#!/bin/sh", *lines)


def saves(v: Values) -> str:
    return save(v, "tar -cf /data/kept.tar /etc && sync")


RESTORE = "[ -f /data/kept.tar ] && tar -xf /data/kept.tar -C /"

LOST = (
    "Two ways lead here. Nobody unpacks the archive at the start, or not where it was packed: "
    "that is init's work. Or the disk is not there (has it its driver? is it mounted at /data?), "
    "and save writes to memory."
)
SAVES_MORE = (
    "`save` packs more than /etc. What somebody left in other folders would come back with it: "
    "give tar `/etc` alone."
)
step.solution(
    "an archive on the disk",
    lambda v: [driver(v), saves(v), init(v, *DISK, RESTORE), pack(v)],
    explained={0: ["lost"], 2: ["lost"]},
)
step.solution(
    "files beside each other, the disk mounted for as long as it is needed",
    lambda v: [
        driver(v),
        save(
            v,
            "mount -t ext4 /dev/vda /data || exit 1",
            "cp -a /etc /data/",
            "sync && umount /data",
        ),
        init(v, *DISK, "cp -a /data/etc /", "umount /data"),
        pack(v),
    ],
    explained={0: ["not-saved"], 2: ["not-saved"]},
)
step.near_miss(
    "saved, and never put back",
    lambda v: [driver(v), saves(v), init(v, *DISK), pack(v)],
    rejected_by="keep",
    reason="lost",
    explain=LOST,
)
step.near_miss(
    "no driver for the disk",
    lambda v: [saves(v), init(v, *DISK, RESTORE), pack(v)],
    rejected_by="keep",
    reason="lost",
    explain=LOST,
)
step.near_miss(
    "a save that cannot be run",
    lambda v: [
        driver(v),
        saves(v),
        f"chmod -x {v.os}/bin/save",
        init(v, *DISK, RESTORE),
        pack(v),
    ],
    rejected_by="keep",
    reason="not-saved",
    explain="The command is there, and does not end well. Is it a program (`chmod +x`), has the "
    "system what it calls, and is the disk there that it writes to?",
)
step.near_miss(
    "no folder to keep",
    lambda v: [
        f"rmdir {v.os}/etc",
        driver(v),
        saves(v),
        init(v, *DISK, RESTORE),
        pack(v),
    ],
    rejected_by="keep",
    reason="no-folder",
    explain="Nobody makes that folder for you: the system has what is in the archive, and nothing "
    "else. Make it in the folder that you pack, and pack again.",
)
step.near_miss(
    "not packed again",
    lambda v: [driver(v), saves(v), init(v, *DISK, RESTORE)],
    rejected_by="keep",
    reason="no-command",
)
step.near_miss(
    "all of /etc on the disk",
    lambda v: [driver(v), save(v, "sync"), init(v, *DISK, "mount --bind /data /etc"), pack(v)],
    rejected_by="keep",
    reason="not-in-memory",
    explain="With /etc on the disk everything stays, wanted or not. Only what was saved is to.",
)
step.near_miss(
    "put back one folder too deep",
    lambda v: [
        driver(v),
        saves(v),
        init(v, *DISK, RESTORE.replace("-C /", "-C /etc")),
        pack(v),
    ],
    rejected_by="keep",
    reason="lost",
    explain=LOST,
)
step.near_miss(
    "more than /etc saved",
    lambda v: [
        f"mkdir -p {v.os}/home {v.os}/root",
        driver(v),
        save(v, "tar -cf /data/kept.tar /etc /home /root && sync"),
        init(v, *DISK, RESTORE),
        pack(v),
    ],
    rejected_by="keep",
    reason="saves-more",
    explain=SAVES_MORE,
)
step.near_miss(
    "the programs saved, too",
    lambda v: [
        driver(v),
        save(v, "tar -cf /data/kept.tar /etc /bin && sync"),
        init(v, *DISK, RESTORE),
        pack(v),
    ],
    rejected_by="keep",
    reason="saves-more",
    explain=SAVES_MORE,
)
