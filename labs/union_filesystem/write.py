"""Copy-up and whiteout: what is written through a stack goes to its upper folder."""

from __future__ import annotations

from lab_engine.authoring import (
    See,
    require_overlay,
    require_same_file,
    require_written_through,
)
from labs.union_filesystem.values import Values, desk, lab, overlay

step = lab.step(
    "write",
    resources=lambda v: desk(v, "system", v.language, v.shop, "writes", "scratch", "root"),
    touches=lambda v: [f"file/{v.desk}/{one}*" for one in ("root", "scratch", "writes")],
)


@step.check("stack", points=2)
async def stack(see: See, v: Values) -> None:
    await require_overlay(
        see,
        f"{v.desk}/root",
        lower=[f"{v.desk}/{one}" for one in (v.shop, v.language, "system")],
        upper=f"{v.desk}/writes",
        writable=True,
    )


@step.check("copy-up", points=2, needs=("stack",))
async def copy_up(see: See, v: Values) -> None:
    await require_same_file(see, f"{v.desk}/system/etc/paths")
    await require_same_file(see, f"{v.desk}/{v.language}/etc/paths")
    await require_written_through(see, f"{v.desk}/root", adds={"/etc/paths": f"/srv/{v.shop}/bin"})


@step.check("whiteout", points=2, needs=("stack",), gone=True)
async def whiteout(see: See, v: Values) -> None:
    await require_same_file(see, f"{v.desk}/system/etc/motd")
    await require_written_through(see, f"{v.desk}/root", lacks=["/etc/motd"])


def mounted(v: Values) -> str:
    return overlay(v, "root", v.shop, v.language, "system", upper="writes")


def added(v: Values, folder: str = "root") -> str:
    return f"echo /srv/{v.shop}/bin >> {v.desk}/{folder}/etc/paths"


step.solution(
    "append, then delete",
    lambda v: [mounted(v), added(v), f"rm {v.desk}/root/etc/motd"],
)
step.solution(
    "in the editor's way: a new file in the place of the old one",
    lambda v: [
        f"cd {v.desk} && sudo mount -t overlay shop "
        f"-o lowerdir={v.shop}:{v.language}:system,upperdir=writes,workdir=scratch root",
        "rm root/etc/motd",
        f"(cat root/etc/paths; echo /srv/{v.shop}/bin) > paths && mv paths root/etc/paths",
    ],
)
step.solution(
    "both written before the mount, as a builder of layers does",
    lambda v: [
        f"mkdir {v.desk}/writes/etc",
        f"(cat {v.desk}/{v.language}/etc/paths; echo /srv/{v.shop}/bin) "
        f"> {v.desk}/writes/etc/paths",
        f"sudo mknod {v.desk}/writes/etc/motd c 0 0",
        mounted(v),
    ],
)
step.near_miss(
    "without a folder to write to",
    lambda v: [overlay(v, "root", v.shop, v.language, "system")],
    rejected_by="stack",
    reason="read-only",
    explain="The three folders are right, but there is no upperdir: nothing can be written.",
)
step.near_miss(
    "the program below",
    lambda v: [overlay(v, "root", "system", v.language, v.shop, upper="writes")],
    rejected_by="stack",
    reason="other-order",
    explain="The order of lowerdir is from the top down: the program that "
    "somebody wrote, its language, the system.",
)
step.near_miss(
    "one folder left out",
    lambda v: [overlay(v, "root", v.shop, "system", upper="writes")],
    rejected_by="stack",
    reason="other-layers",
    explain="Compare lowerdir with the task, folder by folder: one is missing, is another one, or "
    "is one too many. Take the mount off, and mount again.",
)
step.near_miss(
    "writes and scratch exchanged",
    lambda v: [overlay(v, "root", v.shop, v.language, "system", upper="scratch", scratch="writes")],
    rejected_by="stack",
    reason="other-upper",
    explain="What is written goes to upperdir; workdir is for the kernel alone.",
)
step.near_miss(
    "added below",
    lambda v: [mounted(v), added(v, v.language)],
    rejected_by="copy-up",
    reason="other-content",
    explain="The layer itself was changed, so everybody who stacks upon it has the change. Write "
    "to the file under root instead, and give the layer its old text back.",
)
step.near_miss(
    "written over",
    lambda v: [mounted(v), added(v).replace(">>", ">")],
    rejected_by="copy-up",
    reason="old-text-lost",
    explain="A single > begins the file anew, with your line alone. Delete the copy under root? "
    "That would leave a whiteout. Unmount, empty writes, and mount again.",
)
step.near_miss(
    "touched",
    lambda v: [mounted(v), f"touch {v.desk}/root/etc/paths"],
    rejected_by="copy-up",
    reason="not-added",
)
step.near_miss(
    "deleted below",
    lambda v: [mounted(v), f"rm {v.desk}/system/etc/motd"],
    rejected_by="whiteout",
    reason="no-file",
    explain="The layer itself has lost it, and with it everybody who stacks upon it. Take the "
    "mount off, write the file anew in system (A system, as it was delivered.), mount again, and "
    "delete it below root.",
)
step.near_miss(
    "emptied",
    lambda v: [mounted(v), f"echo -n > {v.desk}/root/etc/motd"],
    rejected_by="whiteout",
    reason="still-there",
)
