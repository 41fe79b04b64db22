"""The serial console: a keyboard and a screen that need no network."""

from __future__ import annotations

from lab_engine.authoring import (
    VM,
    FileProbe,
    GuestFileProbe,
    See,
    as_read,
    require,
    require_domain,
)
from labs.kvm_and_virsh.values import MOST_MEMORY, Values, inside, lab, on_console, typed

NOTE = "/root/note"

step = lab.step(
    "console",
    daemons=("libvirt",),
    resources=lambda v: [VM(v.vm, memory=MOST_MEMORY)],
    touches=lambda v: [f"vm/{v.vm}"],
)


@step.check("note", points=2, settle=0.5)
async def note(see: See, v: Values) -> None:
    await require_domain(see, v.vm)
    file, stray, outside = await see(
        GuestFileProbe(v.vm, NOTE),
        GuestFileProbe(v.vm, "/tmp/note"),  # noqa: S108
        FileProbe("/home/learner/work/note"),
    )
    require(
        file.answers,
        "silent",
        expected=f"The guest in {v.vm} answers.",
        observed="Its agent does not answer (yet): a guest that boots takes up to a minute.",
        look=f"virsh dumpxml {v.vm} --xpath //channel",
    )
    require(
        file.exists or not outside.exists,
        "left-outside",
        expected=f"In the guest there is a file {NOTE}.",
        observed="The guest has no such file; the bench has one in ~/work.",
        look="ls -l ~/work",
    )
    require(
        file.exists or not stray.exists,
        "other-folder",
        expected=f"In the guest there is a file {NOTE}.",
        observed="The guest has the file in another folder, /tmp.",
        look=on_console(v, "ls -l /tmp /root"),
    )
    require(
        file.exists,
        "no-file",
        expected=f"In the guest there is a file {NOTE}.",
        observed="The guest has no such file.",
        look=on_console(v, "ls /root"),
    )
    require(
        as_read(file.text) == v.word,
        "text",
        expected=f"It says {v.word}.",
        observed=f"It says {file.text.strip()!r}.",
        look=on_console(v, f"cat {NOTE}"),
    )


step.solution("console", lambda v: [typed(v, f"echo {v.word} > {NOTE}", "exit")])
step.solution("agent", lambda v: [inside(v, f"echo {v.word} > {NOTE}")])
step.near_miss(
    "on-the-bench",
    lambda v: [f"echo {v.word} > note"],
    rejected_by="note",
    reason="left-outside",
    explain="The note was left outside, on the bench. A VM has a file system of its own: write it "
    "on the console.",
)
step.near_miss(
    "other-place",
    lambda v: [typed(v, f"echo {v.word} > /tmp/note")],
    rejected_by="note",
    reason="other-folder",
    explain="The note is in the guest, but in another folder than the task says.",
)
step.near_miss(
    "typed-too-soon",
    lambda v: [inside(v, f": > {NOTE}")],
    rejected_by="note",
    reason="text",
    explain="The file is there, but its text is not the word from the task. Look at it with cat.",
)
