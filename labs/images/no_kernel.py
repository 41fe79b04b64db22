"""A program and what it needs, and nothing else: no kernel, no shell."""

from __future__ import annotations

from lab_engine.authoring import (
    ContainerLogProbe,
    FileProbe,
    See,
    require,
    require_container,
    require_image,
)
from labs.images.values import Values, lab

JQ = "/usr/bin/jq"
MOST = 8_000_000
COPY = f"cp --parents {JQ} $(ldd {JQ} | grep -o '/[^ ]*')"

step = lab.step("no-kernel", daemons=("docker",))


@step.check("program", points=2)
async def program(see: See, v: Values) -> None:
    name = f"{v.tool}:1"
    _, own = await require_image(see, name, holds={JQ: ""}, at_most=MOST)
    ours = await see(FileProbe(JQ))
    require(
        own[JQ].file.sha256 == ours.sha256,
        "other-program",
        expected=f"{JQ} in {name} is the bench's own.",
        observed="It is another file.",
        look=f"sha256sum {JQ}",
    )


@step.check("sum", points=3, needs=("program",))
async def runs(see: See, v: Values) -> None:
    found = await require_container(see, v.calc, image=f"{v.tool}:1", running=False)
    log = await see(ContainerLogProbe(v.calc))
    look = f"docker ps -a --no-trunc; docker logs {v.calc}"
    # By the runtime's version, the start fails, or it ends at once with the runtime's last word.
    refused = (found.state, found.exit_code) == ("created", 127)
    require(
        not refused and not any(line.startswith("exec /") for line in log.err),
        "not-started",
        expected=f"{v.calc} ran.",
        observed="It was made, and its program could not start.",
        look=look,
    )
    require(
        found.state == "exited" and found.exit_code == 0,
        "failed",
        expected=f"{v.calc} ran, and ended with exit code 0.",
        observed=f"Its state is {found.state}, its exit code {found.exit_code}.",
        look=look,
    )
    require(
        found.command[0] in (JQ, "jq"),
        "other-command",
        expected=f"{v.calc} runs {JQ}.",
        observed=f"It runs {found.command[0]}.",
        look=look,
    )
    require(
        " ".join(log.out).strip() == str(v.product),
        "other-answer",
        expected=f"{v.calc} printed {v.a} times {v.b}.",
        observed=f"It printed {' '.join(log.out)[:60]!r}.",
        look=look,
    )


def pack(v: Values, folder: str = "shelf") -> str:
    return f"tar -C {folder} -c . | docker import - {v.tool}:1"


def count(v: Values, words: str = "", options: str = "") -> str:
    words = words or f"{v.tool}:1 {JQ} -n '{v.a} * {v.b}'"
    return f"docker run {options}--name {v.calc} {words}"


step.solution(
    "what ldd lists",
    lambda v: [f"mkdir shelf && {COPY} shelf", pack(v), count(v)],
    explained={0: ["not-in-image"]},
)
step.solution(
    "by a Dockerfile, with a command of its own",
    lambda v: [
        f"mkdir -p shelf/root && {COPY} shelf/root",
        f'printf \'FROM scratch\\nCOPY root /\\nCMD ["{JQ}", "-n", "{v.a} * {v.b}"]\\n\' '
        f"> shelf/Dockerfile && docker build -t {v.tool}:1 shelf",
        count(v, f"{v.tool}:1"),
    ],
)
step.near_miss(
    "another name",
    lambda v: [f"mkdir shelf && {COPY} shelf", f"tar -C shelf -c . | docker import - {v.tool}"],
    rejected_by="program",
    reason="no-image",
)
step.near_miss(
    "the folder around it as well",
    lambda v: [f"mkdir shelf && {COPY} shelf", f"tar -c shelf | docker import - {v.tool}:1"],
    rejected_by="program",
    reason="not-in-image",
    explain="The archive was empty, or begins one folder too high or too low. `tar -C FOLDER -c .` "
    "packs what is *in* the folder, and with `cp --parents` that begins with `usr`.",
)
step.near_miss(
    "every program's libraries",
    lambda v: [
        f"mkdir shelf && {COPY} shelf && cp --parents /usr/lib/x86_64-linux-gnu/libc[a-r]* shelf "
        "|| true",
        pack(v),
    ],
    rejected_by="program",
    reason="too-large",
    explain="There is more in it than jq and what `ldd` lists for it.",
)
step.near_miss(
    "a script of that name",
    lambda v: [
        f"mkdir -p shelf/usr/bin && echo '#!/bin/sh' > shelf{JQ} && chmod +x shelf{JQ}",
        pack(v),
    ],
    rejected_by="program",
    reason="other-program",
)
NOT_STARTED = (
    "There is no program at the path that it was to run, or the loader is missing that the program "
    "names: the last line of `ldd`."
)
step.near_miss(
    "without libc",
    lambda v: [
        f"mkdir shelf && {COPY} shelf && find shelf -name 'libc.*' -delete",
        pack(v),
        f"{count(v)} || true",
    ],
    rejected_by="sum",
    reason="failed",
)
step.near_miss(
    "without the libraries",
    lambda v: [
        f"mkdir shelf && cp --parents {JQ} shelf",
        pack(v),
        f"{count(v)} || true",
    ],
    rejected_by="sum",
    reason="not-started",
    explain=NOT_STARTED,
)
step.near_miss(
    "without the loader",
    lambda v: [
        f"mkdir shelf && {COPY} shelf && rm -r shelf/lib64",
        pack(v),
        f"{count(v)} || true",
    ],
    rejected_by="sum",
    reason="not-started",
    explain=NOT_STARTED,
)
step.near_miss(
    "added, not multiplied",
    lambda v: [
        f"mkdir shelf && {COPY} shelf",
        pack(v),
        count(v, f"{v.tool}:1 {JQ} -n '{v.a} + {v.b}'"),
    ],
    rejected_by="sum",
    reason="other-answer",
)
step.near_miss(
    "another program that prints it",
    lambda v: [
        f"mkdir shelf && {COPY} shelf && cp --parents /bin/busybox shelf",
        pack(v),
        count(v, f"{v.tool}:1 /bin/busybox echo {v.product}"),
    ],
    rejected_by="sum",
    reason="other-command",
)
