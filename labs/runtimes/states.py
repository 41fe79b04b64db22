"""Created is not started; and the same bundle under another runtime."""

from __future__ import annotations

from lab_engine.authoring import (
    FileProbe,
    Image,
    RuntimeContainerProbe,
    See,
    require,
    require_runtime_container,
)
from labs.runtimes.description import read
from labs.runtimes.values import MAKER, QUIET, Values, lab

step = lab.step("states", daemons=("docker",), resources=lambda _: [Image("busybox"), MAKER])


@step.check("created", points=1)
async def created(see: See, v: Values) -> None:
    found = await require_runtime_container(see, v.ready, status="created")
    # Its process is still runc: what it will run says only the file that it was made from.
    path = f"{found.bundle}/config.json"
    config = await see(FileProbe(path))
    program, *words = read(config).process.args or [""]
    require(
        (program.rpartition("/")[2], *words) == v.states,
        "other-command",
        expected=f"The bundle of {v.ready} is for the command `{' '.join(v.states)}`.",
        observed=f"{path} says `{' '.join((program, *words))}`.",
        look=f"jq -c .process.args {path}",
    )


@step.check("crun", points=2, needs=("created",))
async def crun(see: See, v: Values) -> None:
    found = await require_runtime_container(see, v.other, runtime="crun", argv=v.states)
    ready = await see(RuntimeContainerProbe(v.ready))
    require(
        found.bundle_inode == ready.bundle_inode,
        "other-bundle",
        expected=f"The container {v.other} was made from the bundle of {v.ready}.",
        observed=f"It was made from {found.bundle}, and {v.ready} from {ready.bundle}.",
        look="for r in runc crun; do sudo $r list; done",
    )


@step.check("hold", points=1)
async def hold(see: See, v: Values) -> None:
    await require_runtime_container(see, v.held, status="paused", argv=v.states)


def made(v: Values, folder: str = "") -> str:
    return f"sh make-bundle.sh {folder or v.bundle} sleep {v.state_seconds}"


COMMAND = (
    "A container that is created runs what its config.json said then. `sudo runc delete -f` it, "
    "make the bundle for the right command, and create it anew."
)

step.solution(
    "from one folder",
    lambda v: [
        made(v),
        f"cd {v.bundle} && sudo runc create {v.ready} {QUIET}",
        f"sudo crun run -d {v.other} {QUIET}",
        f"sudo runc run -d {v.held} {QUIET}",
        f"sudo runc pause {v.held}",
    ],
)
step.solution(
    "from elsewhere",
    lambda v: [
        made(v, "box"),
        f"sudo runc create --bundle box {v.ready} {QUIET}",
        f"sudo runc create -b box {v.held} {QUIET} && sudo runc start {v.held}",
        f"sudo runc pause {v.held}",
        f"sudo crun create -b box {v.other} {QUIET}",
        f"sudo crun start {v.other}",
    ],
)
step.solution(
    "by its whole path, by hand, from a link to the bundle",
    lambda v: [
        f"{made(v, 'box')} && ln -s box link && cd box && "
        f"jq '.process.args[0] = \"/bin/sleep\"' config.json > new && mv new config.json",
        f"cd ~/work/link && sudo runc create {v.ready} {QUIET}",
        f"sudo crun create {v.other} {QUIET} && sudo crun start {v.other}",
        f"sudo runc run -d {v.held} {QUIET}; sudo runc pause {v.held}; sudo runc resume {v.held}",
        f"sudo runc pause {v.held}",
    ],
)
step.near_miss(
    "the command of the example",
    lambda v: [
        f"sh make-bundle.sh {v.bundle} sleep 600",
        f"sudo runc create -b {v.bundle} {v.ready} {QUIET}",
    ],
    rejected_by="created",
    reason="other-command",
    explain=COMMAND,
)
step.near_miss(
    "started",
    lambda v: [made(v), f"cd {v.bundle} && sudo runc run -d {v.ready} {QUIET}"],
    rejected_by="created",
    reason="other-status",
)
step.near_miss(
    "created, started and paused",
    lambda v: [
        made(v),
        f"cd {v.bundle} && sudo runc create {v.ready} {QUIET}",
        f"sudo runc start {v.ready}; sudo runc pause {v.ready}",
    ],
    rejected_by="created",
    reason="other-status",
)
step.near_miss(
    "created by the other runtime",
    lambda v: [made(v), f"cd {v.bundle} && sudo crun create {v.ready} {QUIET}"],
    rejected_by="created",
    reason="no-container",
)
step.near_miss(
    "runc once more",
    lambda v: [
        made(v),
        f"cd {v.bundle} && sudo runc create {v.ready} {QUIET}",
        f"sudo runc run -d {v.other} {QUIET}",
    ],
    rejected_by="crun",
    reason="no-container",
)
step.near_miss(
    "crun, not started",
    lambda v: [
        made(v),
        f"cd {v.bundle} && sudo runc create {v.ready} {QUIET}",
        f"sudo crun create {v.other} {QUIET}",
    ],
    rejected_by="crun",
    reason="other-status",
)
step.near_miss(
    "a copy of the bundle",
    lambda v: [
        made(v),
        f"sudo runc create -b {v.bundle} {v.ready} {QUIET}",
        f"cp -r {v.bundle} copy && cd copy && sudo crun run -d {v.other} {QUIET}",
    ],
    rejected_by="crun",
    reason="other-bundle",
    explain="It runs, but from another folder. Nothing need be copied or changed for another "
    "runtime: that is what the standard is for.",
)
step.near_miss(
    "stopped by a signal",
    lambda v: [
        made(v),
        f"cd {v.bundle} && sudo runc run -d {v.held} {QUIET}",
        f"sudo runc kill {v.held} STOP",
    ],
    rejected_by="hold",
    reason="other-status",
)
step.near_miss(
    "paused by the other runtime",
    lambda v: [
        made(v),
        f"cd {v.bundle} && sudo crun run -d {v.held} {QUIET}",
        f"sudo crun pause {v.held}",
    ],
    rejected_by="hold",
    reason="no-container",
)
