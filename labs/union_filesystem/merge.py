"""Two folders as one: the topmost name wins, and nothing is copied."""

from __future__ import annotations

from lab_engine.authoring import See, require_overlay, require_same_file
from labs.union_filesystem.values import Values, desk, lab, overlay

step = lab.step(
    "merge",
    resources=lambda v: desk(v, "system", v.language, "view"),
    # What is mounted at it hides the folder.
    touches=lambda v: [f"file/{v.desk}/view"],
)


@step.check("stack", points=2)
async def stack(see: See, v: Values) -> None:
    await require_same_file(see, f"{v.desk}/system/etc/paths")
    await require_same_file(see, f"{v.desk}/{v.language}/etc/paths")
    await require_overlay(
        see,
        f"{v.desk}/view",
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
