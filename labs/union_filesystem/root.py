"""A root folder from the layers of an image, mounted by hand, and a process that lives in it."""

from __future__ import annotations

from lab_engine.authoring import (
    ByHand,
    FileProbe,
    Image,
    ImageLayersProbe,
    ProcessProbe,
    See,
    require,
    require_overlay,
    require_process,
    require_written_through,
)
from labs.union_filesystem.values import Values, desk, lab

IMAGE = "myapp"

step = lab.step(
    "root",
    daemons=("docker",),
    resources=lambda v: [Image(IMAGE), *desk(v, "writes", "scratch", "root")],
    touches=lambda v: [f"file/{v.desk}/{one}*" for one in ("root", "scratch", "writes")],
)


@step.check("assemble", points=3)
async def assemble(see: See, v: Values) -> None:
    layers = await see(ImageLayersProbe(IMAGE))
    await require_overlay(
        see, f"{v.desk}/root", lower=layers.folders, upper=f"{v.desk}/writes", writable=True
    )


@step.check("live", points=3, needs=("assemble",))
async def live(see: See, v: Values) -> None:
    command = ["sleep", str(v.seconds)]
    applet = await see(ProcessProbe(argv=rf"^(\S*/)?busybox {' '.join(command)}$"))
    process, _ = await require_process(see, ["busybox", *command] if applet.processes else command)
    there, here, bench = await see(
        FileProbe("/", pid=process.pid), FileProbe(f"{v.desk}/root"), FileProbe("/")
    )
    require(
        (there.device, there.inode) != (bench.device, bench.inode),
        "root-of-the-bench",
        expected=f"The root folder of process {process.pid} is {v.desk}/root.",
        observed="It is that of the bench.",
        look=f"sudo ls -l /proc/{process.pid}/root",
    )
    require(
        (there.device, there.inode) == (here.device, here.inode),
        "other-root",
        expected=f"The root folder of process {process.pid} is {v.desk}/root.",
        observed="It is another one.",
        look=f"sudo ls -l /proc/{process.pid}/root",
    )
    await require_written_through(see, f"{v.desk}/root", says={"/note": v.note})


TOP = f"docker image inspect --format '{{{{.GraphDriver.Data.UpperDir}}}}' {IMAGE}"
REST = f"docker image inspect --format '{{{{.GraphDriver.Data.LowerDir}}}}' {IMAGE}"


def mounted(v: Values, lower: str = "$TOP:$REST") -> list[str]:
    return [
        f"TOP=$({TOP}); REST=$({REST})",
        f"sudo mount -t overlay overlay "
        f"-o lowerdir={lower},upperdir={v.desk}/writes,workdir={v.desk}/scratch {v.desk}/root",
    ]


def started(v: Values, command: str) -> ByHand:
    there = f"pgrep -xf '(busybox )?sleep {v.seconds}' >/dev/null"
    waiting = f"for try in $(seq 60); do {there} && break; sleep 0.05; done"
    return ByHand(f"{command} </dev/null >/dev/null 2>&1 &\n{waiting}", typed=f"{command} &")


step.solution(
    "a shell in there writes the note and becomes the program",
    lambda v: [
        *mounted(v),
        started(
            v,
            f"sudo chroot {v.desk}/root sh -c 'echo {v.note} > /note; exec sleep {v.seconds}'",
        ),
    ],
)
step.solution(
    "the note from outside, the program in namespaces of its own",
    lambda v: [
        *mounted(v),
        f"echo {v.note} | sudo tee {v.desk}/root/note",
        started(
            v,
            f"sudo unshare --mount --pid --fork chroot {v.desk}/root sleep {v.seconds}",
        ),
    ],
)
step.solution(
    "the program by the name of the file that it is",
    lambda v: [
        *mounted(v),
        f"echo {v.note} | sudo tee {v.desk}/root/note",
        started(v, f"sudo chroot {v.desk}/root busybox sleep {v.seconds}"),
    ],
)
step.near_miss(
    "the other way round",
    lambda v: mounted(v, "$REST:$TOP"),
    rejected_by="assemble",
    reason="other-order",
    explain="The layers are all there, in the wrong order. UpperDir of an image is its topmost "
    "layer, and LowerDir what lies below.",
)
step.near_miss(
    "the topmost layer alone",
    lambda v: mounted(v, "$TOP"),
    rejected_by="assemble",
    reason="other-layers",
    explain="Compare folder by folder: lowerdir has UpperDir of the image, then all of its "
    "LowerDir, and nothing else. Layers of a container are some more.",
)
step.near_miss(
    "the view of a container",
    lambda v: [
        f"docker run -d --name lender {IMAGE}",
        "MERGED=$(docker inspect -f '{{.GraphDriver.Data.MergedDir}}' lender)",
        f"sudo mount --bind $MERGED {v.desk}/root",
    ],
    rejected_by="assemble",
    reason="other-layers",
    explain="Compare folder by folder: lowerdir has UpperDir of the image, then all of its "
    "LowerDir, and nothing else. Layers of a container are some more.",
)
step.near_miss(
    "copied out of the image",
    lambda v: [
        f"docker create --name lender {IMAGE}",
        f"docker export lender | sudo tar -x -C {v.desk}/root",
    ],
    rejected_by="assemble",
    reason="not-mounted",
)
step.near_miss(
    "an upper folder of the image's",
    lambda v: [
        mounted(v)[0],
        f"sudo mount -t overlay overlay -o lowerdir=$TOP:$REST {v.desk}/root",
    ],
    rejected_by="assemble",
    reason="read-only",
    explain="The layers are right. Without upperdir and workdir nobody can write there, not even a "
    "program in its own root folder.",
)
step.near_miss(
    "a sleep of the bench",
    lambda v: [
        *mounted(v),
        f"echo {v.note} | sudo tee {v.desk}/root/note",
        started(v, f"sleep {v.seconds}"),
    ],
    rejected_by="live",
    reason="root-of-the-bench",
    explain="That program has the root folder of your shell. chroot changes it, and needs sudo.",
)
step.near_miss(
    "a sleep of a container",
    lambda v: [
        *mounted(v),
        f"echo {v.note} | sudo tee {v.desk}/root/note",
        f"docker run -d --name lender {IMAGE} sleep {v.seconds}",
    ],
    rejected_by="live",
    reason="other-root",
    explain="Its root folder is neither yours nor the bench's: that of a container, of a copy, or "
    "of a mount that was taken off meanwhile. End it, and start it again in root.",
)
step.near_miss(
    "mounted anew under its feet",
    lambda v: [
        *mounted(v),
        f"echo {v.note} | sudo tee {v.desk}/root/note",
        started(v, f"sudo chroot {v.desk}/root sleep {v.seconds}"),
        f"sudo umount -l {v.desk}/root",
        *mounted(v),
    ],
    rejected_by="live",
    reason="other-root",
    explain="Its root folder is neither yours nor the bench's: that of a container, of a copy, or "
    "of a mount that was taken off meanwhile. End it, and start it again in root.",
)
step.near_miss(
    "without the note",
    lambda v: [*mounted(v), started(v, f"sudo chroot {v.desk}/root sleep {v.seconds}")],
    rejected_by="live",
    reason="not-in-upper",
)
