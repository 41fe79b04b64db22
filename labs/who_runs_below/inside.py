"""The same questions in a guest."""

from __future__ import annotations

from lab_engine.authoring import (
    VM,
    GuestCommandProbe,
    GuestFileProbe,
    Look,
    See,
    by_hand,
    require,
    require_domain,
)
from labs.who_runs_below.values import MODEL, VENDOR, Values, answers, lab

NOTE = "/root/below"

step = lab.step(
    "in-the-guest",
    daemons=("libvirt",),
    resources=lambda v: [VM(v.vm)],
    touches=lambda v: [f"vm/{v.vm}"],
)


@step.check("inside", points=2)
async def inside(see: See, v: Values) -> None:
    await require_domain(see, v.vm)
    note, folder, labels = await see(
        GuestFileProbe(v.vm, NOTE),
        GuestCommandProbe(v.vm, ("test", "-d", NOTE)),
        GuestCommandProbe(v.vm, ("cat", VENDOR, MODEL)),
    )
    answers(v, note.answers and folder.ran and labels.ok)
    require(
        not folder.ok,
        "folder",
        expected=f"In {v.vm}, {NOTE} is a file.",
        observed="It is a folder.",
        look=Look(f"ls -ld {NOTE}", console=v.vm),
    )
    look = Look(f"cat {NOTE}; cat {VENDOR} {MODEL}", console=v.vm)
    require(
        note.exists,
        "no-note",
        expected=f"In {v.vm} there is a file {NOTE}.",
        observed="There is none.",
        look=Look("ls -la /root", console=v.vm),
    )
    wanted = [line.strip() for line in labels.out.splitlines()]
    said = [line.strip() for line in note.text.splitlines() if line.strip()]
    require(
        said != wanted[::-1],
        "other-order",
        expected="The maker stands first, the model second.",
        observed="They stand the other way round.",
        look=look,
    )
    require(
        said == wanted,
        "other-note",
        expected="It has two lines: what the guest's table has as maker and as model.",
        observed=f"It says {' / '.join(said)[:70]!r}." if said else "It is empty.",
        look=look,
    )


step.solution(
    "at the console", lambda v: [by_hand.on_console(v.vm, f"cat {VENDOR} {MODEL} > {NOTE}")]
)
step.solution(
    "one after the other",
    lambda v: [
        by_hand.in_guest(v.vm, f"cp {VENDOR} {NOTE}; echo >> {NOTE}; cat {MODEL} >> {NOTE}"),
    ],
)
step.near_miss(
    "the model first",
    lambda v: [by_hand.in_guest(v.vm, f"cat {MODEL} {VENDOR} > {NOTE}")],
    rejected_by="inside",
    reason="other-order",
)
step.near_miss(
    "the firmware's maker",
    lambda v: [
        by_hand.in_guest(v.vm, f"cat /sys/class/dmi/id/bios_vendor {MODEL} > {NOTE}"),
    ],
    rejected_by="inside",
    reason="other-note",
)
step.near_miss(
    "a folder of that name",
    lambda v: [
        by_hand.in_guest(v.vm, f"mkdir {NOTE}; cat {VENDOR} > {NOTE}/maker"),
    ],
    rejected_by="inside",
    reason="folder",
)
step.near_miss(
    "in the bench",
    lambda v: [f"printf 'QEMU\\nStandard PC\\n' | sudo tee {NOTE}"],
    rejected_by="inside",
    reason="no-note",
)
step.near_miss(
    "the model alone",
    lambda v: [by_hand.in_guest(v.vm, f"cat {MODEL} > {NOTE}")],
    rejected_by="inside",
    reason="other-note",
)
