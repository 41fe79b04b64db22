"""Copy-up and whiteout: what is written through a stack goes to its upper folder."""

from __future__ import annotations

from lab_engine.authoring import (
    FileProbe,
    OverlayProbe,
    See,
    as_read,
    require,
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
    root, lower = f"{v.desk}/root", [f"{v.desk}/{one}" for one in (v.shop, v.language, "system")]
    look = f"findmnt -no OPTIONS {root}"
    found = await require_overlay(see, root, lower=lower)
    require(
        not found.upper or not found.read_only,
        "mounted-ro",
        expected=f"{root} can be written to.",
        observed="It has an upper folder, but is mounted read-only.",
        look=look,
    )
    scratch = await see(FileProbe(f"{v.desk}/scratch"))
    require(
        not found.upper
        or (found.upper.device, found.upper.inode) != (scratch.device, scratch.inode),
        "exchanged",
        expected=f"What is written at {root} goes to {v.desk}/writes.",
        observed=f"It goes to {v.desk}/scratch.",
        look=look,
    )
    await require_overlay(see, root, lower=lower, upper=f"{v.desk}/writes", writable=True)


@step.check("copy-up", points=2, needs=("stack",))
async def copy_up(see: See, v: Values) -> None:
    for one in (
        "system/etc/paths",
        f"{v.language}/etc/paths",
        f"{v.language}/opt/{v.language}/about",
        f"{v.shop}/srv/index.html",
    ):
        await require_same_file(see, f"{v.desk}/{one}")
    root, line = f"{v.desk}/root", f"/srv/{v.shop}/bin"
    look = f"head -c 2000 {root}/etc/paths"
    own = (await see(OverlayProbe(root, ("/etc/paths",)))).paths
    require(
        not own or as_read(own["/etc/paths"].view.content) != line,
        "begun-anew",
        expected=f"{root}/etc/paths still has all the lines that the folder below has.",
        observed=f"It has the line {line!r} alone.",
        look=look,
    )
    found = await require_written_through(see, root, adds={"/etc/paths": line})
    require(
        as_read(found.paths["/etc/paths"].view.content).splitlines()[-1] == line,
        "not-at-the-end",
        expected=f"The last line of {root}/etc/paths is {line!r}.",
        observed="The line stands further up.",
        look=look,
    )


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
    reason="exchanged",
    explain="What is written goes to upperdir; workdir is for the kernel alone.",
)
step.near_miss(
    "what is written goes elsewhere",
    lambda v: [
        f"mkdir {v.desk}/written",
        overlay(v, "root", v.shop, v.language, "system", upper="written"),
    ],
    rejected_by="stack",
    reason="other-upper",
    explain="upperdir is another folder than the one that the task names. Take the mount off, and "
    "mount again.",
)
step.near_miss(
    "with all folders, but read-only",
    lambda v: [mounted(v).replace("-o ", "-o ro,")],
    rejected_by="stack",
    reason="mounted-ro",
    explain="The folders are right. The option ro is too much: take the mount off, and mount again "
    "without it.",
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
    reason="begun-anew",
    explain="A single > begins the file anew, with your line alone. Delete the copy under root? "
    "That would leave a whiteout. Unmount, empty writes, and mount again.",
)
step.near_miss(
    "another line deleted",
    lambda v: [mounted(v), f"sed -i 1d {v.desk}/root/etc/paths", added(v)],
    rejected_by="copy-up",
    reason="old-text-lost",
    explain="Compare it with the file of the language, line by line, and write again what is "
    "missing. Or unmount, empty writes, and mount again.",
)
step.near_miss(
    "at the beginning",
    lambda v: [mounted(v), f"sed -i '1i /srv/{v.shop}/bin' {v.desk}/root/etc/paths"],
    rejected_by="copy-up",
    reason="not-at-the-end",
    explain="In a list of paths the order counts: what stands first is looked at first. `>>` puts "
    "a line at the end.",
)
step.near_miss(
    "another file of a layer, too",
    lambda v: [mounted(v), added(v), f"echo Closed. >> {v.desk}/{v.shop}/srv/index.html"],
    rejected_by="copy-up",
    reason="other-content",
    explain="The layer itself was changed, so everybody who stacks upon it has the change. Write "
    "to the file under root instead, and give the layer its old text back.",
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
