"""Kernel, a program or two, and an init: a system that starts."""

from __future__ import annotations

from lab_engine.authoring import See, require_boots
from labs.micro_os.told import require_told
from labs.micro_os.values import HOME, START, Values, init, lab, pack, program, tree

LARGEST = 1400 << 10
SECONDS = 12

step = lab.step("boot", resources=lambda v: [START])


@step.check("system", points=4)
async def system(see: See, v: Values) -> None:
    await require_told(see, v, starting(v))
    await require_boots(see, v.image, v.motto, look=starting(v))


@step.check("lean", needs=("system",))
async def lean(see: See, v: Values) -> None:
    await require_boots(see, v.image, v.motto, largest=LARGEST)


def starting(v: Values) -> str:
    """Start it for long enough to read what it says; the terminal stays the learner's."""
    return f"timeout {SECONDS} {HOME}/start {v.image} < /dev/null || true"


INIT_NOT_RUN = (
    "The kernel cannot run /init. Error -13 says that it is no program yet (`chmod +x`), or a "
    "folder; -2 that the interpreter after #! is not in the archive, is a link to nothing, or "
    "wants libraries that are not there (bash does); -8 that the first line is not `#!/bin/sh`; "
    "-26 that the archive ends in the middle of a program: pack again."
)
NO_INIT = (
    "The kernel finds no /init that it can unpack. Was the archive made with `-H newc`? Is there "
    "an `init` in it, and do the names in it begin there? Pack from within the folder, as the "
    "text does. xz has to be told `--check=crc32`."
)
NO_ARCHIVE = (
    "The kernel unpacks cpio archives of the format newc and no others (`cpio -o -H newc`): "
    "as they are, or packed by gzip, xz or zstd."
)
OTHER_WORDS = (
    "The sentence is not said, or not letter by letter as the task has it: capital, figures, full "
    "stop. `echo` says it, on a line before `exec sh`."
)
TOO_LARGE = (
    "It starts, but it is larger than it has to be: one busybox, links to it, and a packer "
    "behind cpio."
)

step.solution(
    "busybox, and links to it",
    lambda v: [*tree(v), init(v), pack(v)],
    explained={0: ["panic"], 1: ["init-not-run"], 2: ["init-not-run"], 3: ["panic"]},
)
step.solution(
    "busybox alone, called sh, and a loop around it; packed by xz",
    lambda v: [
        f"mkdir -p {v.os}/bin && cp /bin/busybox {v.os}/bin/sh",
        program(f"{v.os}/init", "#!/bin/sh", f'echo "{v.motto}"', "while :; do /bin/sh; done"),
        pack(v, "xz --check=crc32"),
    ],
    explained={0: ["panic"], 1: ["panic"]},
)
step.near_miss(
    "an init that cannot be run",
    lambda v: [*tree(v), init(v), f"chmod -x {v.os}/init", pack(v)],
    rejected_by="system",
    reason="init-not-run",
    explain=INIT_NOT_RUN,
)
step.near_miss(
    "an interpreter that is not there",
    lambda v: [*tree(v), init(v, interpreter="/bin/bash"), pack(v)],
    rejected_by="system",
    reason="init-not-run",
    explain=INIT_NOT_RUN,
)
step.near_miss(
    "the folder itself in the archive",
    lambda v: [
        *tree(v),
        init(v),
        f"find {v.os} | cpio -o -H newc --quiet | gzip > {v.os}.img",
    ],
    rejected_by="system",
    reason="panic",
    explain=NO_INIT,
)
step.near_miss(
    "cpio's own old format, and packed",
    lambda v: [
        *tree(v),
        init(v),
        f"(cd {v.os} && find . | cpio -o --quiet) | gzip > {v.os}.img",
    ],
    rejected_by="system",
    reason="panic",
    explain=NO_INIT,
)
step.near_miss(
    "tar in the place of cpio",
    lambda v: [*tree(v), init(v), f"tar -C {v.os} -cf {v.os}.img ."],
    rejected_by="system",
    reason="no-archive",
    explain=NO_ARCHIVE,
)
step.near_miss(
    "cpio's own old format",
    lambda v: [
        *tree(v),
        init(v),
        f"(cd {v.os} && find . | cpio -o --quiet) > {v.os}.img",
    ],
    rejected_by="system",
    reason="no-archive",
    explain=NO_ARCHIVE,
)
step.near_miss(
    "an init that ends",
    lambda v: [*tree(v), init(v, end=""), pack(v)],
    rejected_by="system",
    reason="init-ended",
    explain="The first program must never end. `exec sh` puts a shell in its place.",
)
step.near_miss(
    "an init that switches off, as the toy's",
    lambda v: [*tree(v), init(v, end="poweroff -f"), pack(v)],
    rejected_by="system",
    reason="switched-off",
    explain="The toy ends with `poweroff -f`. Yours is to stay: `exec sh` in the place of that "
    "line puts a shell in the place of the script.",
)
step.near_miss(
    "somebody else's words",
    lambda v: [*tree(v), init(v).replace(v.motto, v.motto.upper()), pack(v)],
    rejected_by="system",
    reason="other-words",
    explain=OTHER_WORDS,
)
step.near_miss(
    "half an archive",
    lambda v: [*tree(v), init(v), pack(v), f"truncate -s 700K {v.os}.img"],
    rejected_by="system",
    reason="init-not-run",
    explain=INIT_NOT_RUN,
)
step.near_miss(
    "an empty file",
    lambda v: [*tree(v), init(v), f": > {v.os}.img"],
    rejected_by="system",
    reason="empty",
    explain="The shell made the file for `>`, and nothing was written to it: the command before "
    "it failed. Pack again, and read what it says.",
)
step.near_miss(
    "a shell without its libraries",
    lambda v: [*tree(v), f"cp /bin/bash {v.os}/bin", init(v, interpreter="/bin/bash"), pack(v)],
    rejected_by="system",
    reason="init-not-run",
    explain=INIT_NOT_RUN,
)
step.near_miss(
    "packed by xz as it comes",
    lambda v: [*tree(v), init(v), pack(v, "xz")],
    rejected_by="system",
    reason="panic",
    explain=NO_INIT,
)
step.near_miss(
    "a packer that the kernel does not know",
    lambda v: [*tree(v), init(v), pack(v, "lz4 -q")],
    rejected_by="system",
    reason="no-archive",
    explain=NO_ARCHIVE,
)
step.near_miss(
    "as large as it is",
    lambda v: [*tree(v), init(v), pack(v, "cat")],
    rejected_by="lean",
    reason="too-large",
    explain=TOO_LARGE,
)
step.near_miss(
    "copies in the place of links",
    lambda v: [
        *(line.replace("ln -sf busybox", "cp /bin/busybox") for line in tree(v)),
        init(v),
        pack(v),
    ],
    rejected_by="lean",
    reason="too-large",
    explain=TOO_LARGE,
)
step.near_miss(
    "only the tree",
    lambda v: [*tree(v), init(v), f"ls {HOME}/{v.os}"],
    rejected_by="system",
    reason="no-file",
)
