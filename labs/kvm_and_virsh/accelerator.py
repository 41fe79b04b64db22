"""Does KVM really run guests on this machine? Only running one tells."""

from __future__ import annotations

from collections.abc import Sequence

from lab_engine.authoring import (
    AcceleratorProbe,
    ByHand,
    FileProbe,
    See,
    as_read,
    require,
    require_file,
)
from labs.kvm_and_virsh.values import KERNEL, Values, lab

ANSWER = "/home/learner/work/accelerator"
STRAY = "/home/learner/accelerator"
TRY = (
    "timeout 3 qemu-system-x86_64 -accel kvm -m 128 -display none -no-reboot "
    f"-kernel {KERNEL} -append 'console=ttyS0 panic=-1' -serial stdio < /dev/null 2> /dev/null"
)
"""Prints the kernel's first words where KVM works, and nothing where it does not."""

step = lab.step("accelerator")


@step.check("accelerator")
async def accelerator(see: See, v: Values) -> None:
    file, stray, found = await see(FileProbe(ANSWER), FileProbe(STRAY), AcceleratorProbe())
    require(
        file.exists or not stray.exists,
        "elsewhere",
        expected=f"{ANSWER} names the accelerator.",
        observed=f"The file is {STRAY}.",
        look="ls -l ~ ~/work",
    )
    word = as_read((await require_file(see, ANSWER)).content).casefold()
    require(
        word != "qemu",
        "the-program",
        expected="The file holds one word: kvm or tcg.",
        observed="It says qemu.",
        look=f"cat {ANSWER}",
    )
    await require_file(see, ANSWER, says=("kvm", "tcg"))
    require(
        word == found.accelerator,
        "wrong",
        expected="The file names what guests can really run with on this machine.",
        observed=f"It says {word}, but when we tried: {found.reason}.",
        look=TRY.replace(" 2> /dev/null", " | head -n 3"),
    )


@step.answer("type")
async def domain_type(see: See, v: Values) -> Sequence[str]:
    found = await see(AcceleratorProbe())
    return ("kvm",) if found.accelerator == "kvm" else ("qemu",)


step.solution(
    "run-a-guest",
    lambda _: [
        ByHand(
            f"if {TRY} | grep -q 'Linux version'; then echo kvm > accelerator; "
            "else echo tcg > accelerator; fi",
            typed=f"{TRY}\necho kvm > accelerator",
        )
    ],
)
step.solution(
    "look-at-the-log",
    lambda _: [
        f"{TRY} > console.log || true",
        "[ -s console.log ] && word=kvm || word=tcg",
        "echo $word > accelerator",
    ],
    survives={
        0: "without a log, the second line finds none and says tcg, which may happen to be right"
    },
)
step.solution(
    "with-a-quote-and-the-line-end-of-windows",
    lambda _: [
        f"if {TRY} | grep -q 'Linux version'; then word=KVM; else word=tcg; fi; "
        "printf '\\042%s\\042\\r\\n' $word > accelerator",
    ],
)
step.near_miss(
    "silence-means-yes",
    lambda _: [
        f"if {TRY} | grep -q 'Linux version'; then echo tcg > accelerator; "
        "else echo kvm > accelerator; fi"
    ],
    rejected_by="accelerator",
    reason="wrong",
    explain="A guest that runs prints its first line at once. When nothing came within the time "
    "limit, no guest ran, whatever lies in /dev.",
)
step.near_miss(
    "names-the-program",
    lambda _: ["echo qemu > accelerator"],
    rejected_by="accelerator",
    reason="the-program",
    explain="QEMU is the program in both cases. The question is what executes the guest's "
    "instructions: the processor, by way of KVM, or QEMU's own translator, TCG.",
)
step.near_miss(
    "other-folder",
    lambda _: [
        f"cd ~ && {TRY} | grep -q 'Linux version' && echo kvm > accelerator "
        "|| echo tcg > accelerator"
    ],
    rejected_by="accelerator",
    reason="elsewhere",
    explain="The file has to lie in your work folder, ~/work.",
)
step.near_miss(
    "both-words",
    lambda _: ["echo kvm or tcg > accelerator"],
    rejected_by="accelerator",
    reason="other-text",
)
step.near_miss(
    "a-folder",
    lambda _: ["mkdir accelerator"],
    rejected_by="accelerator",
    reason="no-plain-file",
)
