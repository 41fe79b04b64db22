"""The one start at which a machine is told who it is (Ignition)."""

from __future__ import annotations

from lab_engine.authoring import FileProbe, See, require, require_deployed, require_file
from labs.atomic_updates.deploy import folder
from labs.atomic_updates.values import Values, given, lab, touches

RESULT = "etc/.ignition-result.json"

step = lab.step(
    "first",
    continues="deploy",
    resources=lambda v: [given("first-boot", v)],
    touches=touches,
)


@step.check("first", points=3)
async def is_told(see: See, v: Values) -> None:
    there = await require_deployed(see, v.disk)
    name = f"{there.folder}/etc/hostname"
    done, hostname, outside = await see(
        FileProbe(f"{there.folder}/{RESULT}"),
        FileProbe(name),
        FileProbe(f"{v.disk}/{RESULT}"),
    )
    look = f"ls -la {there.folder}/etc"
    require(
        done.exists or not outside.exists,
        "other-root",
        expected=f"Ignition worked in the system that is started, {there.folder}.",
        observed=f"It worked in {v.disk}, around it.",
        look=f"ls -la {v.disk}/etc",
    )
    require(
        done.exists or not hostname.exists,
        "by-hand",
        expected="Ignition wrote the files, and came to its end.",
        observed="A file is there, and nothing says that Ignition came to its end.",
        look=look,
    )
    require(
        done.exists,
        "not-ignited",
        expected=f"Ignition worked in {there.folder}.",
        observed="It did not, or it did not end well.",
        look=look,
    )
    require(
        '"userConfigProvided": true' in done.content,
        "no-config",
        expected="Ignition was given a configuration.",
        observed="It found none.",
        look=f"cat {there.folder}/{RESULT}",
    )
    await require_file(see, name, says=v.machine)
    await require_file(see, f"{there.folder}/etc/motd", says=f"Here is {v.machine}.")


def config(v: Values, *files: str) -> str:
    """Write the configuration with these files."""
    text = '{"ignition": {"version": "3.3.0"}, "storage": {"files": [' + ", ".join(files) + "]}}"
    return f"cat > {v.machine}.ign << 'END'\n{text}\nEND"


def file(path: str, source: str, *, more: str = "") -> str:
    return f'{{"path": "{path}", "mode": 420, {more}"contents": {{"source": "{source}"}}}}'


def hostname(v: Values) -> str:
    return file("/etc/hostname", f"data:,{v.machine}%0A")


def motd(v: Values, more: str = '"overwrite": true, ') -> str:
    return file("/etc/motd", f"data:,Here%20is%20{v.machine}.%0A", more=more)


def start(v: Values, root: str = "", after: str = "") -> str:
    return f"sudo ./first-boot {v.machine}.ign {root or folder(v)}{after}"


step.solution(
    "two files, one of them instead of another",
    lambda v: [
        config(v, hostname(v), motd(v)),
        f"ignition-validate {v.machine}.ign",
        start(v),
    ],
    survives={1: "it only looks whether the file can be read"},
)
step.solution(
    "in base64",
    lambda v: [
        f"name=$(echo {v.machine} | base64 -w 0) says=$(echo 'Here is {v.machine}.' | base64 -w 0)",
        config(
            v,
            file("/etc/hostname", "data:;base64,$name"),
            file("/etc/motd", "data:;base64,$says", more='"overwrite": true, '),
        ).replace("'END'", "END"),
        start(v),
    ],
)
step.near_miss(
    "one file less",
    lambda v: [config(v, hostname(v)), start(v)],
    rejected_by="first",
    reason="other-text",
)
step.near_miss(
    "a file that is there already",
    lambda v: [config(v, hostname(v), motd(v, more="")), start(v, after=" || true")],
    rejected_by="first",
    reason="by-hand",
)
step.near_miss(
    "written by hand",
    lambda v: [
        f"echo {v.machine} | sudo tee {folder(v)}/etc/hostname",
        f"echo 'Here is {v.machine}.' | sudo tee {folder(v)}/etc/motd",
    ],
    rejected_by="first",
    reason="by-hand",
)
step.near_miss(
    "in the disk's root",
    lambda v: [config(v, hostname(v), motd(v)), start(v, v.disk, after=" || true")],
    rejected_by="first",
    reason="other-root",
    explain="The disk is not the system: what it holds above `ostree/` is nobody's root. The "
    "second word of `first-boot` is the folder of the deployment, the long one.",
)
step.near_miss(
    "in the version before",
    lambda v: [config(v, hostname(v), motd(v)), start(v, folder(v, f"{v.branch}^"))],
    rejected_by="first",
    reason="not-ignited",
)
