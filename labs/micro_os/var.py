"""The system in memory, what grows on a disk (Alpine's data mode)."""

from __future__ import annotations

from lab_engine.authoring import See, require_remembers
from labs.micro_os.keep import DISK, RESTORE
from labs.micro_os.values import Values, init, lab, pack, touches

step = lab.step("var", continues="keep", touches=touches)


@step.check("var", points=4)
async def var(see: See, v: Values) -> None:
    await require_remembers(
        see, v.image, v.motto, keeps=f"/var/{v.log}", forgets=f"/etc/{v.log}.new"
    )
    await require_remembers(
        see, v.image, v.motto, keeps=f"/etc/{v.log}", forgets=f"/etc/{v.log}.new", save="save"
    )


step.solution(
    "a folder of the disk shown at /var",
    lambda v: [
        init(v, *DISK, RESTORE, "mkdir -p /data/var", "mount --bind /data/var /var"),
        pack(v),
    ],
)
step.solution(
    "/var as a link to the disk",
    lambda v: [
        f"rmdir {v.os}/var; ln -s /data/var {v.os}/var",
        init(v, *DISK, RESTORE, "mkdir -p /data/var"),
        pack(v),
    ],
)
step.near_miss(
    "made on the disk, and not shown",
    lambda v: [init(v, *DISK, RESTORE, "mkdir -p /data/var"), pack(v)],
    rejected_by="var",
    reason="lost",
)
step.near_miss(
    "/etc on the disk, too",
    lambda v: [
        init(
            v, *DISK, RESTORE, "mkdir -p /data/var /data/etc",
            "mount --bind /data/var /var", "mount --bind /data/etc /etc",
        ),
        pack(v),
    ],
    rejected_by="var",
    reason="not-in-memory",
)  # fmt: skip
step.near_miss(
    "the old way given up",
    lambda v: [init(v, *DISK, "mkdir -p /data/var", "mount --bind /data/var /var"), pack(v)],
    rejected_by="var",
    reason="lost",
)
step.near_miss(
    "save thrown out",
    lambda v: [
        f"rm {v.os}/bin/save",
        init(v, *DISK, RESTORE, "mkdir -p /data/var", "mount --bind /data/var /var"),
        pack(v),
    ],
    rejected_by="var",
    reason="no-command",
)
