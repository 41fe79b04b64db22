"""Whose app is this? A buildpack's first script."""

from __future__ import annotations

from lab_engine.authoring import (
    Directory,
    Resource,
    See,
    TrialProbe,
    as_read,
    require,
    require_program,
)
from labs import paas
from labs.buildpacks_and_schedulers.values import Values, lab, touched

SAMPLES = f"{paas.WORK}/samples"


def samples(v: Values) -> dict[str, str]:
    """Four trees: two of them are apps of this kind, and two only look a little like it."""
    return {
        f"one/{v.marker}": "a\n",
        f"two/{v.marker}": "b\nc\n",
        "two/readme": "An app with more than one file\n",
        f"three/old-{v.marker}": "d\n",
        "three/index.html": "e\n",
        f"four/notes/{v.marker}": "f\n",
    }


HERE = "Without `$1/` in front, a name is one in the folder where the script is started."
SPLIT = "Without the quotes around `$1/FILE` the shell takes a name with blanks for several words."
OURS, OTHERS = ("one", "two"), ("three", "four")
LATER, EMPTY, BLANK = "later", "bare", "the old one"
"""Trees that nobody has seen: apps of this kind all three."""


def resources(v: Values) -> list[Resource]:
    return [*paas.platform(), Directory("samples", path=SAMPLES, files=samples(v))]


step = lab.step("detect", daemons=("docker",), resources=resources, touches=touched)


@step.check("detect", points=3)
async def detect(see: See, v: Values) -> None:
    script = f"{v.pack}/bin/detect"
    # The same folder, started where there is such a file and where there is none.
    away = {"away/readme": "i\n"}
    here, there = await see(
        TrialProbe(script, ("away",), files={v.marker: "h\n", **away}),
        TrialProbe(script, ("away",), files=away),
    )
    require(
        not here.exists or not here.ran or here.code != 0 or there.code == 0,
        "looks-here",
        expected=f"For a folder without a {v.marker} detect ends with another code than 0, also if "
        "it is started where there is one.",
        observed="It ends with 0.",
        look=f"cat {script}",
    )
    for name in OURS:
        ask = f"{script} {SAMPLES}/{name} && echo 'it says yes' || echo 'it says no'"
        await require_program(see, script, f"{SAMPLES}/{name}", code=0, says=v.kind, look=ask)
    for name in OTHERS:
        found = await see(TrialProbe(script, (f"{SAMPLES}/{name}",)))
        require(
            found.ran and not found.timed_out and found.code != 0,
            "wants-too-much",
            expected=f"{name} is no app of this kind: detect ends with another code than 0.",
            observed="It ends with 0." if not found.timed_out else "It does not end.",
            look=f"{script} {SAMPLES}/{name} && echo 'it says yes' || echo 'it says no'",
        )
    for name, reason, text, found_in in (
        (LATER, "knows-the-samples", "g\n", f"a new folder that has a {v.marker}"),
        (EMPTY, "wants-content", "", f"a folder with an empty {v.marker}"),
        (BLANK, "splits-a-name", "g\n", f"a folder called '{BLANK}' that has a {v.marker}"),
    ):
        asked_of = await see(TrialProbe(script, (name,), files={f"{name}/{v.marker}": text}))
        require(
            asked_of.ran and asked_of.code == 0 and as_read(asked_of.out) == as_read(v.kind),
            reason,
            expected=f"For {found_in} at its top, detect prints {v.kind!r} and ends with code 0.",
            observed="It does not end."
            if asked_of.timed_out
            else f"It prints {asked_of.out.strip()[:80]!r}, and ends with {asked_of.code}.",
            look=f"cat {script}",
        )


def write(v: Values, test: str, *, mode: str = "+x", place: str = "") -> str:
    folder = place or f"{v.pack}/bin"
    return (
        f"mkdir -p {folder} && cat > {folder}/detect <<'END'\n#!/bin/sh\n{test}\nEND\n"
        f"chmod {mode} {folder}/detect"
    )


def asked(v: Values) -> str:
    return f'[ -f "$1/{v.marker}" ] && echo {v.kind}'


step.solution("as shown", lambda v: [write(v, asked(v))])
step.solution(
    "with an if, and in bash",
    lambda v: [
        f"mkdir -p {v.pack}/bin && cd {v.pack}/bin\ncat > detect <<'END'\n#!/bin/bash\n"
        f"cd \"$1\" || exit 1\nif ls | grep -qx '{v.marker}'; then\n  echo '{v.kind}'\n  exit 0\n"
        "fi\nexit 100\nEND",
        f"chmod 755 {v.pack}/bin/detect",
    ],
    explained={1: ["not-runnable"]},
)
step.solution(
    "says it in any case, and is kept somewhere else",
    lambda v: [
        f"cat > ~/work/ask <<'END'\n#!/usr/bin/env python3\nimport pathlib, sys\n"
        f"print('{v.kind}')\n"
        f"sys.exit(not (pathlib.Path(sys.argv[1]) / '{v.marker}').is_file())\nEND\n"
        f"chmod +x ~/work/ask && sudo mkdir -p {v.pack}/bin && "
        f"sudo ln -s ~/work/ask {v.pack}/bin/detect",
    ],
)
step.near_miss(
    "by the names of the samples",
    lambda v: [write(v, f'case "$1" in */one | */two) echo {v.kind};; *) exit 1;; esac')],
    rejected_by="detect",
    reason="knows-the-samples",
)
step.near_miss(
    "something must be in it",
    lambda v: [write(v, asked(v).replace("-f", "-s"))],
    rejected_by="detect",
    reason="wants-content",
    explain="Whose app it is says the file alone. Whether what is in it can be built is the next "
    "question, and another script answers it.",
)
step.near_miss(
    "without the quotes",
    lambda v: [write(v, asked(v).replace('"', ""))],
    rejected_by="detect",
    reason="splits-a-name",
    explain=SPLIT,
)
step.near_miss(
    "with the line ends of another system",
    lambda v: [f"{write(v, asked(v))} && sed -i 's/$/\\r/' {v.pack}/bin/detect"],
    rejected_by="detect",
    reason="no-interpreter",
    explain="All of the first line is taken for the program's name: also the line end of another "
    "system, which `cat -A` shows as `^M`.",
)
step.near_miss(
    "a folder of that name",
    lambda v: [write(v, asked(v), place=f"{v.pack}/bin/detect")],
    rejected_by="detect",
    reason="no-program",
)
step.near_miss(
    "always code 0",
    lambda v: [write(v, f"{asked(v)}\nexit 0")],
    rejected_by="detect",
    reason="wants-too-much",
    explain="It says yes to a tree that has no such file at its top. The platform would take this "
    "buildpack for apps that it cannot build.",
)
step.near_miss(
    "anywhere below",
    lambda v: [write(v, f'find "$1" -name {v.marker} | grep -q . && echo {v.kind}')],
    rejected_by="detect",
    reason="wants-too-much",
    explain="It says yes to a tree that has no such file at its top. The platform would take this "
    "buildpack for apps that it cannot build.",
)
step.near_miss(
    "any name with the word in it",
    lambda v: [write(v, f'ls "$1" | grep -q {v.marker} && echo {v.kind}')],
    rejected_by="detect",
    reason="wants-too-much",
    explain="It says yes to a tree that has no such file at its top. The platform would take this "
    "buildpack for apps that it cannot build.",
)
step.near_miss(
    "in the folder where it happens to be",
    lambda v: [write(v, f"[ -f {v.marker} ] && echo {v.kind}")],
    rejected_by="detect",
    reason="looks-here",
    explain=HERE,
)
step.near_miss(
    "never",
    lambda v: [write(v, f'[ -f "$1/{v.marker}" ] && echo {v.kind}\nexit 1')],
    rejected_by="detect",
    reason="other-code",
)
step.near_miss(
    "another name",
    lambda v: [write(v, asked(v).replace(f"echo {v.kind}", "echo yes"))],
    rejected_by="detect",
    reason="other-output",
)
step.near_miss(
    "says nothing",
    lambda v: [write(v, f'[ -f "$1/{v.marker}" ]')],
    rejected_by="detect",
    reason="other-output",
)
step.near_miss(
    "not executable",
    lambda v: [write(v, asked(v), mode="-x")],
    rejected_by="detect",
    reason="not-runnable",
    explain="The platform starts `detect` as a program, so it must be executable: `chmod +x`.",
)
step.near_miss(
    "beside bin",
    lambda v: [write(v, asked(v), place=v.pack)],
    rejected_by="detect",
    reason="no-program",
)
