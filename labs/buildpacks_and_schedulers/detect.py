"""Whose app is this? A buildpack's first script."""

from __future__ import annotations

from lab_engine.authoring import Directory, Resource, See, TrialProbe, require, require_program
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


OURS, OTHERS = ("one", "two"), ("three", "four")


def resources(v: Values) -> list[Resource]:
    return [*paas.platform(), Directory("samples", path=SAMPLES, files=samples(v))]


step = lab.step("detect", daemons=("docker",), resources=resources, touches=touched)


@step.check("detect", points=3)
async def detect(see: See, v: Values) -> None:
    script = f"{v.pack}/bin/detect"
    for name in OURS:
        await require_program(see, script, f"{SAMPLES}/{name}", code=0, says=v.kind)
    for name in OTHERS:
        found = await see(TrialProbe(script, (f"{SAMPLES}/{name}",)))
        require(
            found.ran and not found.timed_out and found.code != 0,
            "wants-too-much",
            expected=f"{name} is no app of this kind: detect ends with another code than 0.",
            observed="It ends with 0." if not found.timed_out else "It does not end.",
            look=f"{script} {SAMPLES}/{name} && echo 'it says yes' || echo 'it says no'",
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
    reason="other-code",
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
