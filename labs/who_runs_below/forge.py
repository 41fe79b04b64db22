"""Labels that the machine's description sets."""

from __future__ import annotations

from lab_engine.authoring import (
    VM,
    ByHand,
    DomainEventsProbe,
    GuestCommandProbe,
    Look,
    See,
    by_hand,
    require,
    require_domain,
)
from labs.who_runs_below.values import MODEL, VENDOR, Values, answers, lab

step = lab.step(
    "forge",
    daemons=("libvirt",),
    resources=lambda v: [VM(v.vm)],
    touches=lambda v: [f"vm/{v.vm}"],
)

EDIT = """import re, sys
xml = sys.stdin.read()
maker, model, parts = sys.argv[1:]
if "t" in parts:
    entry = "<entry name='{}'>{}</entry>".format
    table = entry("manufacturer", maker) + entry("product", model)
    table = f"<sysinfo type='smbios'><system>{table}</system></sysinfo><os"
    xml = xml.replace("<os", table, 1)
if "m" in parts:
    xml = xml.replace("</os>", "<smbios mode='sysinfo'/></os>", 1)
if "f" in parts:
    xml = re.sub(r"<cpu.*?</cpu>|<cpu [^>]*/>", "", xml, flags=re.S)
    flag = "<feature policy='disable' name='hypervisor'/>"
    model = "<model fallback='allow'>qemu64</model>"
    cpu = f"<cpu mode='custom' match='exact' check='none'>{model}{flag}</cpu>"
    xml = xml.replace("</features>", "</features>" + cpu, 1)
print(xml)
"""


def edited(v: Values, parts: str) -> ByHand:
    """Put pieces of XML into the description: t(able), m(ode), f(lag)."""
    return ByHand(
        f"cat > edit.py <<'END'\n{EDIT}END\n"
        f"virsh dumpxml --inactive {v.vm} | python3 edit.py '{v.maker}' '{v.model}' {parts} "
        "> new.xml && virsh define new.xml",
        typed=f"virsh edit {v.vm}",
    )


def anew(v: Values) -> list[str]:
    return [f"virsh destroy {v.vm}", by_hand.awake(v.vm, f"virsh start {v.vm}")]


async def begun_anew(see: See, v: Values, *, said: bool) -> None:
    """Who has changed the description and sees nothing of it has perhaps not started it anew."""
    before = await see.before(DomainEventsProbe(v.vm))
    told = (await see(DomainEventsProbe(v.vm))).after(before.last)
    lives = [one.action for one in told if one.action in ("defined", "started")]
    require(
        said or lives[-1:] != ["defined"],
        "not-begun-anew",
        expected=f"{v.vm} was started after its description was changed.",
        observed="It runs since before the last change.",
        look=f"virsh dumpxml {v.vm} --xpath '//sysinfo | //cpu'; "
        f"virsh dumpxml --inactive {v.vm} --xpath '//sysinfo | //cpu'",
    )


NOT_ANEW = (
    "A description is read when the machine starts. `virsh destroy` and `virsh start` begin it "
    "anew; a reboot goes on in the same machine."
)


@step.check("labels", points=2, settle=1.0)
async def labels(see: See, v: Values) -> None:
    await require_domain(see, v.vm)
    told, mounted = await see(
        GuestCommandProbe(v.vm, ("cat", VENDOR, MODEL)),
        GuestCommandProbe(v.vm, ("grep", "-c", " /sys/.*dmi", "/proc/mounts")),
    )
    answers(v, told.ok)
    require(
        mounted.out.strip() == "0",
        "covered",
        expected="The words come from the machine's firmware.",
        observed="In the guest, something is mounted over the table.",
        look=Look("grep dmi /proc/mounts", console=v.vm),
    )
    look = Look(f"cat {VENDOR} {MODEL}", console=v.vm)
    found = [line.strip() for line in told.out.splitlines()]
    maker, model = (*found, "", "")[:2]
    await begun_anew(see, v, said=(maker, model) == (v.maker, v.model))
    require(
        maker == v.maker,
        "other-maker",
        expected=f"In the guest, the maker is {v.maker!r}.",
        observed=f"It is {maker!r}.",
        look=look,
    )
    require(
        model == v.model,
        "other-model",
        expected=f"In the guest, the model is {v.model!r}.",
        observed=f"It is {model!r}.",
        look=look,
    )


@step.check("flag", points=1, settle=1.0)
async def flag(see: See, v: Values) -> None:
    await require_domain(see, v.vm)
    told, mounted = await see(
        GuestCommandProbe(v.vm, ("grep", "-c", "-w", "hypervisor", "/proc/cpuinfo")),
        GuestCommandProbe(v.vm, ("grep", "-c", " /proc/cpuinfo ", "/proc/mounts")),
    )
    answers(v, told.ran and told.out.strip().isdecimal())
    require(
        mounted.out.strip() == "0",
        "covered",
        expected="The flags come from the processor.",
        observed="In the guest, something is mounted over /proc/cpuinfo.",
        look=Look("grep cpuinfo /proc/mounts", console=v.vm),
    )
    await begun_anew(see, v, said=told.out.strip() == "0")
    require(
        told.out.strip() == "0",
        "flag",
        expected="The guest's processor has no flag `hypervisor`.",
        observed="It has it.",
        look=Look("grep -o -m1 -w hypervisor /proc/cpuinfo", console=v.vm),
    )


step.solution(
    "edited",
    lambda v: [edited(v, "tmf"), *anew(v)],
    explained={1: ["not-begun-anew"]},
)
step.solution(
    "switched off by the guest",
    lambda v: [
        edited(v, "tmf"),
        f"virsh shutdown {v.vm}; timeout 60 sh -c "
        f"'until virsh domstate {v.vm} | grep -q shut; do sleep 0.3; done'; "
        + by_hand.awake(v.vm, f"virsh start {v.vm}"),
    ],
    explained={1: ["not-begun-anew"]},
)
step.near_miss(
    "the table without the mode",
    lambda v: [edited(v, "t"), *anew(v)],
    rejected_by="labels",
    reason="other-maker",
)
step.near_miss(
    "the maker alone",
    lambda v: [
        edited(v, "tmf"),
        f"sed -i 's|>{v.model}<|>Lemon Squeezer 3<|' new.xml && virsh define new.xml",
        *anew(v),
    ],
    rejected_by="labels",
    reason="other-model",
)
step.near_miss(
    "not begun anew",
    lambda v: [edited(v, "tmf")],
    rejected_by="labels",
    reason="not-begun-anew",
    explain=NOT_ANEW,
    also=["not-begun-anew"],
)
step.near_miss(
    "a file over the table in the guest",
    lambda v: [
        by_hand.in_guest(
            v.vm,
            f"echo {v.maker} > /root/a; echo {v.model} > /root/b; "
            f"mount --bind /root/a {VENDOR}; mount --bind /root/b {MODEL}",
        )
    ],
    rejected_by="labels",
    reason="covered",
    explain="The words are painted over in the guest. The machine still has the old ones: look at "
    "the file below, or ask another guest in such a machine.",
)
step.near_miss(
    "rebooted from inside",
    lambda v: [edited(v, "f"), f"virsh reboot {v.vm}", by_hand.awake(v.vm, "sleep 2")],
    rejected_by="flag",
    reason="not-begun-anew",
    explain=NOT_ANEW,
    also=["not-begun-anew"],
)
step.near_miss(
    "the table alone",
    lambda v: [edited(v, "tm"), *anew(v)],
    rejected_by="flag",
    reason="flag",
)
