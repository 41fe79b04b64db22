"""A system that forgets, and a command by which it remembers (Alpine's diskless mode)."""

from __future__ import annotations

from lab_engine.authoring import See, require_remembers
from labs.micro_os.values import Values, init, lab, pack, program, touches

step = lab.step("keep", continues="boot", touches=touches)

DRIVER = "$(find /usr/lib/infralab/guest/lib -name virtio_blk.ko.xz)"
DISK = ("insmod /virtio_blk.ko", "mount -t ext4 /dev/vda /data")


@step.check("keep", points=4)
async def keep(see: See, v: Values) -> None:
    await require_remembers(
        see, v.image, v.motto, keeps=f"/etc/{v.log}", forgets=f"/etc/{v.log}.new", save="save"
    )


def driver(v: Values) -> str:
    return f"xz -dc {DRIVER} > {v.os}/virtio_blk.ko"


def save(v: Values, *lines: str) -> str:
    return program(f"{v.os}/bin/save", "#!/bin/sh", *lines)


def saves(v: Values) -> str:
    return save(v, "tar -cf /data/kept.tar /etc && sync")


RESTORE = "[ -f /data/kept.tar ] && tar -xf /data/kept.tar -C /"

LOST = (
    "Two ways lead here. Nobody unpacks the archive at the start: that is init's work. Or "
    "the disk is not there (has it its driver? is it mounted at /data?), and save writes to memory."
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
