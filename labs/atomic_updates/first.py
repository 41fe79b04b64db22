"""The one start at which a machine is told who it is (Ignition)."""

from __future__ import annotations

from lab_engine.authoring import (
    FileProbe,
    FileReading,
    See,
    require,
    require_deployed,
    require_file,
)
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
        look=f"sudo cat {there.folder}/{RESULT}",
    )
    for path, says in ((name, v.machine), (f"{there.folder}/etc/motd", f"Here is {v.machine}.")):
        await as_ignition_left_it(see, path, says, done)


async def as_ignition_left_it(see: See, path: str, says: str, done: FileReading) -> None:
    """A file has its words and its mode, and from Ignition: `done` is the last that it writes."""
    found = await require_file(see, path, says=says)
    look = f"ls -la --full-time {path.rpartition('/')[0]}"
    require(
        found.modified_ns <= done.modified_ns,
        "mended-by-hand",
        expected=f"Ignition wrote {path}, and nobody after it.",
        observed="Somebody wrote to it after Ignition had come to its end.",
        look=look,
    )
    mode = found.mode & 0o777
    expected = f"{path} has the mode 0644: all may read it, and root may write."
    observed = f"It has the mode {mode:04o}."
    require(mode != 0o204, "no-octal", expected=expected, observed=observed, look=look)
    require(mode == 0o644, "other-mode", expected=expected, observed=observed, look=look)


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
    "the mode as a shell writes it",
    lambda v: [
        config(v, hostname(v).replace("420", "644"), motd(v)),
        start(v),
    ],
    rejected_by="first",
    reason="no-octal",
    explain="The numbers of JSON are decimal. What a shell calls 0644 is 420 there, and 644 is "
    "something else: `--w----r--`.",
)
step.near_miss(
    "mended after the first start",
    lambda v: [
        config(v, hostname(v), motd(v).replace("Here%20is", "Hello")),
        start(v),
        f"echo 'Here is {v.machine}.' | sudo tee {folder(v)}/etc/motd",
    ],
    rejected_by="first",
    reason="mended-by-hand",
    explain="What you write by hand is on this one machine. Mend the file for Ignition, remove "
    "`hostname` and `.ignition-result.json` from the `etc` of the deployment, and let it have its "
    "first start again.",
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
