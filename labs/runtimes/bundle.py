"""A bundle, and a container of it by runc."""

from __future__ import annotations

from lab_engine.authoring import (
    DirectoryProbe,
    FileProbe,
    Image,
    InhabitantsProbe,
    RuntimeContainerProbe,
    See,
    require,
    require_runtime_container,
)
from labs.runtimes.description import read
from labs.runtimes.values import QUIET, WORK, Values, described, lab, limited, unpacked

step = lab.step("bundle", daemons=("docker",), resources=lambda _: [Image("busybox")])


async def require_made(see: See, v: Values) -> None:
    """The container is there, or no log file says why it is not. Reason: `not-made`."""
    here = f"{WORK}/{v.bundle}"
    listed = await see(DirectoryProbe(here))
    paths = [f"{here}/{name}" for name in listed.entries if name.endswith(".log")]
    paths.append(f"{WORK}/{v.lamp}.log")
    made, *logs = await see(RuntimeContainerProbe(v.lamp), *map(FileProbe, paths))
    told = [path for path, log in zip(paths, logs, strict=True) if log.content.strip()]
    require(
        made.exists or not told,
        "not-made",
        expected=f"runc has a container called {v.lamp}.",
        observed=f"It has none, and {told[0] if told else ''} says why.",
        look=f"tail -n 1 {told[0] if told else ''}",
    )


@step.check("run", points=2)
async def run(see: See, v: Values) -> None:
    await require_made(see, v)
    argv = ["sleep", str(v.seconds)]
    found = await require_runtime_container(see, v.lamp, argv=argv)
    require(
        found.bundle == f"{WORK}/{v.bundle}",
        "other-bundle",
        expected=f"The container {v.lamp} was made from the folder {WORK}/{v.bundle}.",
        observed=f"It was made from {found.bundle}.",
        look="sudo runc list",
    )
    path = f"{found.bundle}/config.json"
    config, inside = await see(FileProbe(path), InhabitantsProbe(pid=found.pid))
    called = read(config).hostname
    require(
        called == v.host or v.host in [one.hostname for one in inside.processes],
        "not-described",
        expected=f"{path} calls the host {v.host}.",
        observed=f"It calls it {called}." if called else "It gives it no name.",
        look=f"jq .hostname {path}",
    )
    await require_runtime_container(see, v.lamp, argv=argv, hostname=v.host)


@step.check("limit", points=1, needs=("run",))
async def limit(see: See, v: Values) -> None:
    await require_runtime_container(see, v.lamp, memory=v.mib << 20)


def run_it(v: Values) -> str:
    return f"sudo runc run -d {v.lamp} </dev/null >{v.lamp}.log 2>&1"


TOLD = (
    "runc was asked for it and could not make it. Why, it wrote into the log file: mostly a word "
    "of config.json, or a file or folder that is not there. Mend that, `rm -f` the log, and run it "
    "again."
)

STANDS = (
    "It is there, and its program does not run. What is created waits for `sudo runc start`, "
    "what is paused for `sudo runc resume`; what has stopped is taken away with `sudo runc "
    "delete`, and run anew."
)

step.solution(
    "all of it in the description",
    lambda v: [
        unpacked(v.bundle),
        f"cd {v.bundle} && runc spec",
        described(v, more=limited(v)),
        run_it(v),
    ],
    explained={line: ["not-made"] for line in range(3)},
)
step.solution(
    "created, started, and limited afterwards",
    lambda v: [
        unpacked(v.bundle),
        f"runc spec -b {v.bundle}",
        f"cd {v.bundle} && {described(v)}",
        f"sudo runc create {v.lamp} {QUIET}",
        f"sudo runc start {v.lamp}",
        f"sudo runc update --memory {v.mib}M {v.lamp}",
    ],
    explained={4: ["other-status"]},
)
step.near_miss(
    "created, and not started",
    lambda v: [
        unpacked(v.bundle),
        f"cd {v.bundle} && runc spec",
        described(v),
        f"sudo runc create {v.lamp} {QUIET}",
    ],
    rejected_by="run",
    reason="other-status",
    explain=STANDS,
)
step.near_miss(
    "paused",
    lambda v: [
        unpacked(v.bundle),
        f"cd {v.bundle} && runc spec",
        described(v),
        run_it(v),
        f"sudo runc pause {v.lamp}",
    ],
    rejected_by="run",
    reason="other-status",
    explain=STANDS,
)
step.near_miss(
    "ended by a signal",
    lambda v: [
        unpacked(v.bundle),
        f"cd {v.bundle} && runc spec",
        described(v),
        run_it(v),
        f"sudo runc kill {v.lamp} KILL; sleep 0.5",
    ],
    rejected_by="run",
    reason="other-status",
    explain=STANDS,
)
step.near_miss(
    "renamed once it ran",
    lambda v: [
        unpacked(v.bundle),
        f"cd {v.bundle} && runc spec",
        described(v, hostname="runc"),
        run_it(v),
        described(v),
    ],
    rejected_by="run",
    reason="other-hostname",
    explain="config.json is read when the container is made. `sudo runc delete -f` it, and run it "
    "again from what the file says now.",
)
step.near_miss(
    "the name that runc spec gives",
    lambda v: [
        unpacked(v.bundle),
        f"cd {v.bundle} && runc spec",
        described(v, hostname="runc"),
        run_it(v),
    ],
    rejected_by="run",
    reason="not-described",
    explain="The host is called as the description says, and that has another name yet. Change "
    ".hostname with jq, `sudo runc delete -f` the container, and run it anew.",
)
step.near_miss(
    "the command as one word",
    lambda v: [
        unpacked(v.bundle),
        f"cd {v.bundle} && runc spec",
        described(v, args=f'["sleep {v.seconds}"]'),
        f"{run_it(v)} || true",
    ],
    rejected_by="run",
    reason="not-made",
    explain=TOLD,
)
step.near_miss(
    "without a description",
    lambda v: [unpacked(v.bundle), f"cd {v.bundle}; {run_it(v)} || true"],
    rejected_by="run",
    reason="not-made",
    explain=TOLD,
)
step.near_miss(
    "a shell around the program",
    lambda v: [
        unpacked(v.bundle),
        f"cd {v.bundle} && runc spec",
        described(v, args=f'["sh", "-c", "sleep {v.seconds}; true"]'),
        run_it(v),
    ],
    rejected_by="run",
    reason="other-program",
)
step.near_miss(
    "another folder",
    lambda v: [
        unpacked("demo"),
        "cd demo && runc spec",
        described(v),
        run_it(v),
    ],
    rejected_by="run",
    reason="other-bundle",
)
step.near_miss(
    "by Docker",
    lambda v: [
        f"docker run -d --name {v.lamp} --hostname {v.host} -m {v.mib}m busybox sleep {v.seconds}"
    ],
    rejected_by="run",
    reason="no-container",
)
step.near_miss(
    "by hand, with no runtime",
    lambda v: [
        unpacked(v.bundle),
        f"sudo unshare -pf --mount --uts --net --ipc sh -c "
        f"'hostname {v.host}; exec chroot {v.bundle}/rootfs sleep {v.seconds}' {QUIET} &",
        "sleep 0.3",
    ],
    rejected_by="run",
    reason="no-container",
)
step.near_miss(
    "a million bytes for each",
    lambda v: [
        unpacked(v.bundle),
        f"cd {v.bundle} && runc spec",
        described(v, more=f" | .linux.resources.memory = {{limit: {v.mib}000000}}"),
        run_it(v),
    ],
    rejected_by="limit",
    reason="other-memory",
    explain="A MiB is 1024 times 1024 bytes, so the number does not end with zeros.",
)
step.near_miss(
    "limited in the file once it ran",
    lambda v: [
        unpacked(v.bundle),
        f"cd {v.bundle} && runc spec",
        described(v),
        run_it(v),
        described(v, more=limited(v)),
    ],
    rejected_by="limit",
    reason="no-limit",
)
