"""Two folders as one: the topmost name wins, and nothing is copied."""

from __future__ import annotations

from lab_engine.authoring import (
    FileProbe,
    MountProbe,
    See,
    require,
    require_overlay,
    require_same_file,
)
from labs.union_filesystem.values import Values, desk, lab, overlay

step = lab.step(
    "merge",
    resources=lambda v: desk(v, "system", v.language, "view"),
    # What is mounted at it hides the folder.
    touches=lambda v: [f"file/{v.desk}/view"],
)


@step.check("stack", points=2)
async def stack(see: See, v: Values) -> None:
    for one in (
        "system/etc/paths",
        "system/etc/motd",
        f"{v.language}/etc/paths",
        f"{v.language}/opt/{v.language}/about",
    ):
        await require_same_file(see, f"{v.desk}/{one}")
    view = f"{v.desk}/view"
    mount, there, desk_itself = await see(MountProbe(view), FileProbe(view), FileProbe(v.desk))
    require(
        not mount.exists or not mount.fstype.startswith("fuse"),
        "by-a-program",
        expected=f"The kernel's overlay is mounted at {view}.",
        observed=f"On top there is {mount.fstype}.",
        look=f"findmnt {view}",
    )
    require(
        not mount.exists or mount.fstype == "overlay" or there.device == desk_itself.device,
        "filesystem-of-its-own",
        expected=f"An overlay is mounted at {view}.",
        observed=f"On top there is a {mount.fstype} that has neither of the two folders.",
        look=f"findmnt {view}",
    )
    await require_overlay(
        see,
        view,
        lower=[f"{v.desk}/{v.language}", f"{v.desk}/system"],
        writable=False,
    )


step.solution("two lower folders", lambda v: [overlay(v, "view", v.language, "system")])
step.solution(
    "from where they lie",
    lambda v: [
        f"cd {v.desk}",
        f"sudo mount -t overlay both -o lowerdir={v.language}:system view",
    ],
)
step.solution(
    "a first try in the wrong order, taken back",
    lambda v: [
        overlay(v, "view", "system", v.language),
        f"sudo umount {v.desk}/view",
        overlay(v, "view", v.language, "system"),
    ],
    survives={
        0: "the wrong try need not be made",
        1: "the right stack lies on top of the wrong one",
    },
)
step.near_miss(
    "the other way round",
    lambda v: [overlay(v, "view", "system", v.language)],
    rejected_by="stack",
    reason="other-order",
    explain="Both folders are in it, the wrong one on top: lowerdir names the topmost first.",
)
step.near_miss(
    "copied together",
    lambda v: [f"cp -a {v.desk}/system/. {v.desk}/{v.language}/. {v.desk}/view/"],
    rejected_by="stack",
    reason="not-mounted",
)
step.near_miss(
    "the upper one mounted over",
    lambda v: [f"sudo mount --bind {v.desk}/{v.language} {v.desk}/view"],
    rejected_by="stack",
    reason="no-overlay",
    explain="A bind mount shows one folder and hides what is below. You want to see both at once: "
    "the type of the mount is overlay.",
)
step.near_miss(
    "copied into the lower one",
    lambda v: [
        f"cp {v.desk}/{v.language}/etc/paths {v.desk}/system/etc/paths",
        overlay(v, "view", v.language, "system"),
    ],
    rejected_by="stack",
    reason="other-content",
)
step.near_miss(
    "copied into a filesystem of its own",
    lambda v: [
        f"sudo mount -t tmpfs tmpfs {v.desk}/view",
        f"sudo cp -a {v.desk}/system/. {v.desk}/{v.language}/. {v.desk}/view/",
        f"sudo mount -o remount,ro {v.desk}/view",
    ],
    rejected_by="stack",
    reason="filesystem-of-its-own",
    explain="What is there is a third filesystem, at best with copies. An overlay shows the "
    "folders themselves. Take it off, and mount with the type overlay.",
)
step.near_miss(
    "with the program that does the same",
    lambda v: [
        f"sudo fuse-overlayfs -o lowerdir={v.desk}/{v.language}:{v.desk}/system {v.desk}/view",
    ],
    rejected_by="stack",
    reason="by-a-program",
    explain="That stack is right, but a program keeps it up (FUSE): it is gone when the program "
    "ends. The kernel's own needs none: take it off, and use mount with the type overlay.",
)
step.near_miss(
    "the greeting deleted below",
    lambda v: [overlay(v, "view", v.language, "system"), f"rm {v.desk}/system/etc/motd"],
    rejected_by="stack",
    reason="no-file",
    explain="A file of one of the two folders is gone, and with it from every stack. Write it "
    "anew, or begin the step anew.",
)
step.near_miss(
    "the language to be written to",
    lambda v: [
        f"mkdir {v.desk}/scratch",
        overlay(v, "view", "system", upper=v.language),
    ],
    rejected_by="stack",
    reason="layer-as-upper",
    explain="It looks right, but whoever writes there would change a layer: as upperdir it is "
    "written to. Both belong in lowerdir, with a colon between.",
)
