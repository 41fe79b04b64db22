"""What runs below the bench, by the processor and the firmware."""

from __future__ import annotations

from pathlib import Path

from lab_engine.authoring import (
    File,
    HypervisorProbe,
    See,
    require,
    require_answer,
    require_file,
)
from labs.who_runs_below.values import Values, lab

ANSWER = "/home/learner/work/below"
PROGRAM = (Path(__file__).parent / "given" / "cpuid.py").read_text(encoding="utf-8")
INNERMOST = (
    "That is the container around you: `--container` asks for it, and without an option the tool "
    "tells the innermost wall. The question is about a machine: `--vm`."
)
CONTAINERS = ("docker", "podman", "lxc", "container-other", "systemd-nspawn")

step = lab.step(
    "witnesses",
    resources=lambda _: [File("cpuid", path="/home/learner/work/cpuid.py", content=PROGRAM)],
)


@step.check("below")
async def below(see: See, v: Values) -> None:
    found = await see(HypervisorProbe())
    file = await require_file(see, ANSWER)
    said = file.content.strip()
    require(
        said not in CONTAINERS,
        "container",
        expected=f"{ANSWER} says what runs below the kernel.",
        observed=f"It says {said!r}, which is a container.",
        look=f"cat {ANSWER}",
    )
    require(
        said not in ("GenuineIntel", "AuthenticAMD"),
        "processor",
        expected=f"{ANSWER} says what runs below the kernel.",
        observed=f"It says {said!r}: who made the processor.",
        look=f"cat {ANSWER}",
    )
    require(
        said != found.signature or said in found.words,
        "letters",
        expected=f"{ANSWER} has the word of systemd-detect-virt.",
        observed="It has the processor's twelve letters.",
        look=f"cat {ANSWER}",
    )
    await require_answer(
        see,
        ANSWER,
        says=found.words,
        what="the word of systemd-detect-virt for what runs below the kernel",
    )


step.solution("the tool", lambda _: [f"systemd-detect-virt --vm > {ANSWER} || true"])
step.solution(
    "by hand",
    lambda _: [f"word=$(systemd-detect-virt -v || true); printf '%s\\r\\n' $word > {ANSWER}"],
)
step.near_miss(
    "the container",
    lambda _: [f"systemd-detect-virt > {ANSWER}"],
    rejected_by="below",
    reason="container",
    explain=INNERMOST,
)
step.near_miss(
    "asked for a container",
    lambda _: [f"systemd-detect-virt --container | tee {ANSWER}"],
    rejected_by="below",
    reason="container",
    explain=INNERMOST,
)
step.near_miss(
    "who made the processor",
    lambda _: [f"echo GenuineIntel > {ANSWER}"],
    rejected_by="below",
    reason="processor",
    explain="These are the letters at number 0: who made the processor. They say nothing of what "
    "is between it and you.",
)
step.near_miss(
    "all that it prints",
    lambda _: [f"systemd-detect-virt --list > {ANSWER}"],
    rejected_by="below",
    reason="other-text",
)
step.near_miss(
    "in another folder",
    lambda _: ["mkdir -p notes; systemd-detect-virt --vm > notes/below || true"],
    rejected_by="below",
    reason="no-file",
)
