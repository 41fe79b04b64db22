"""A program and what it needs, and nothing else: no kernel, no shell."""

from __future__ import annotations

import re

from lab_engine.authoring import (
    ContainerLogProbe,
    FileProbe,
    See,
    require,
    require_container,
    require_image,
)
from labs.images.needed import JQ, require_needed, require_packed
from labs.images.values import PROCESSORS, Values, lab

MOST = 8_000_000
NOT_FOUND, NOT_ALLOWED = 127, 126
"""The exit codes of a container whose program is not there, or must not be run."""
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
"""What `jq` puts around a number when it prints to a terminal, as after `docker run -t`."""
COPY = f"cp --parents {JQ} $(ldd {JQ} | grep -o '/[^ ]*')"

step = lab.step("no-kernel", daemons=("docker",))


@step.check("program", points=2)
async def program(see: See, v: Values) -> None:
    name = f"{v.tool}:1"
    await require_packed(see, name)
    image, own = await require_image(see, name, holds={JQ: ""}, at_most=MOST)
    ours = await see(FileProbe(JQ))
    require(
        own[JQ].file.sha256 == ours.sha256,
        "other-program",
        expected=f"{JQ} in {name} is the bench's own.",
        observed="It is another file.",
        look=f"sha256sum {JQ}",
    )
    # An image may tell the loader where else to look.
    told = [one for one in image.environment.get("LD_LIBRARY_PATH", "").split(":") if one]
    await require_needed(see, name, told)


@step.check("sum", points=3, needs=("program",))
async def runs(see: See, v: Values) -> None:
    found = await require_container(see, v.calc, image=f"{v.tool}:1", running=False)
    log = await see(ContainerLogProbe(v.calc))
    look = f"docker ps -a --no-trunc; docker logs {v.calc}"
    # By the runtime's version, the start fails, or it ends at once with the runtime's last word.
    said = [line for line in log.err if line.startswith("exec /")]
    allowed = (found.state, found.exit_code) != ("created", NOT_ALLOWED)
    require(
        allowed and not any(line.endswith("permission denied") for line in said),
        "not-executable",
        expected=f"{v.calc} ran.",
        observed="It was made, and its program or its loader must not be run.",
        look=look,
    )
    require(
        not said and (found.state, found.exit_code) != ("created", NOT_FOUND),
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
    words = " ".join(found.command[1:])
    printed = COLOUR.sub("", " ".join(log.out)).strip()
    require(
        str(v.product) not in words,
        "not-counted",
        expected=f"{JQ} multiplies {v.a} and {v.b} in there.",
        observed="It was told the product.",
        look=look,
    )
    require(
        printed or re.search(r" -[a-zA-Z]*n| --null-input", f" {words}"),
        "no-input",
        expected=f"{v.calc} printed {v.a} times {v.b}.",
        observed="It printed nothing.",
        look=look,
    )
    require(
        printed == str(v.product),
        "other-answer",
        expected=f"{v.calc} printed {v.a} times {v.b}.",
        observed=f"It printed {printed[:60]!r}.",
        look=look,
    )
    # The words may stand in a file, and the numbers may come through a pipe.
    require(
        re.search(r"[*/]|add|pow|exp| -f|--from-file", f" {words}"),
        "not-multiplied",
        expected=f"{JQ} multiplies {v.a} and {v.b} in there.",
        observed=f"It was asked for {words!r}, which multiplies nothing.",
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
step.solution(
    "libraries in one folder, which the image names",
    lambda v: [
        f"mkdir -p shelf/root/libs && cp --parents {JQ} $(ldd {JQ} | grep -o '/[^ ]*/ld-[^ ]*') "
        f"shelf/root && cp $(ldd {JQ} | grep -o '/[^ ]*lib[jmco][^ /]*[.]so[^ ]*') shelf/root/libs",
        "printf 'FROM scratch\\nCOPY root /\\nENV LD_LIBRARY_PATH=/libs\\n' > shelf/Dockerfile && "
        f"docker build -t {v.tool}:1 shelf",
        count(v),
    ],
)
step.solution(
    "with the links that Debian has at the root",
    lambda v: [
        "mkdir -p shelf/usr/lib shelf/usr/lib64 && ln -s usr/lib shelf/lib && "
        f"ln -s usr/lib64 shelf/lib64 && {COPY} shelf",
        pack(v),
        count(v),
    ],
    explained={0: ["not-in-image"]},
)
step.solution(
    "at a terminal, where jq prints in colour",
    lambda v: [f"mkdir shelf && {COPY} shelf", pack(v), count(v, options="-t ")],
    explained={0: ["not-in-image"]},
)
step.solution(
    "one number through a pipe",
    lambda v: [
        f"mkdir shelf && {COPY} shelf",
        pack(v),
        f"echo {v.a} | " + count(v, f"{v.tool}:1 {JQ} '. * {v.b}'", "-i "),
    ],
    explained={0: ["not-in-image"]},
)
step.near_miss(
    "the libraries, and not the program",
    lambda v: [f"mkdir shelf && {COPY.replace(f'{JQ} ', '', 1)} shelf", pack(v)],
    rejected_by="program",
    reason="no-program",
    explain="`ldd` lists what a program wants, and not the program itself: `cp --parents` wants "
    "`/usr/bin/jq` as well.",
)
step.near_miss(
    "without the folders",
    lambda v: [f"mkdir shelf && {COPY.replace('--parents ', '')} shelf", pack(v)],
    rejected_by="program",
    reason="flat",
    explain="`cp` alone puts all files side by side. `cp --parents` makes the folders above each "
    "file, too, so that it lies in the image where it lies in the bench.",
)
step.near_miss(
    "a link to the program",
    lambda v: [
        f"mkdir -p shelf && {COPY} shelf",
        "mkdir shelf/opt && mv shelf/usr/bin/jq shelf/opt && ln -s /opt/jq shelf/usr/bin/jq",
        pack(v),
    ],
    rejected_by="program",
    reason="linked",
)
step.near_miss(
    "libraries of that name, with nothing in them",
    lambda v: [
        f"mkdir shelf && {COPY} shelf && "
        f"for f in $(ldd {JQ} | grep -o '/[^ ]*[.]so[.0-9]*'); do : > shelf$f; done",
        pack(v),
    ],
    rejected_by="program",
    reason="other-content",
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
NO_LIBRARY = (
    "The loader looks for a library by its name, in a few folders that it knows. Each that `ldd` "
    "lists has to be in the image, and at the path that it has in the bench: `cp --parents` takes "
    "the folders along."
)
NO_LOADER = (
    "The program names its loader by a whole path, and the kernel looks nowhere else for it: it is "
    "the last line of `ldd`. Without it, not even an error of the program's own comes about."
)
NOT_EXECUTABLE = (
    "The file is there, and lacks the right to be executed: `chmod +x` in the folder, then pack it "
    "again. `cp` keeps that right when the file has it."
)
step.near_miss(
    "without libc",
    lambda v: [
        f"mkdir shelf && {COPY} shelf && find shelf -name 'libc.*' -delete",
        pack(v),
        f"{count(v)} || true",
    ],
    rejected_by="program",
    reason="no-library",
    explain=NO_LIBRARY,
)
step.near_miss(
    "the program alone",
    lambda v: [f"mkdir shelf && cp --parents {JQ} shelf", pack(v)],
    rejected_by="program",
    reason="no-loader",
    explain=NO_LOADER,
)
step.near_miss(
    "the libraries side by side at the root",
    lambda v: [
        f"mkdir shelf && cp --parents {JQ} {next(iter(PROCESSORS))} shelf",
        f"cp $(ldd {JQ} | grep -o '/[^ ]*') shelf",
        pack(v),
    ],
    rejected_by="program",
    reason="no-library",
    explain=NO_LIBRARY,
)
step.near_miss(
    "run at a path where it is not",
    lambda v: [
        f"mkdir shelf && {COPY} shelf",
        pack(v),
        count(v, f"{v.tool}:1 /bin/jq -n '{v.a} * {v.b}'") + " || true",
    ],
    rejected_by="sum",
    reason="not-started",
    explain="There is no program at the path that it was to run. In this image nothing is in "
    "`/bin`, and no `PATH` leads anywhere: write the whole path.",
)
step.near_miss(
    "words that jq does not understand",
    lambda v: [
        f"mkdir shelf && {COPY} shelf",
        pack(v),
        count(v, f"{v.tool}:1 {JQ} -n '{v.a} x {v.b}'") + " || true",
    ],
    rejected_by="sum",
    reason="failed",
)
step.near_miss(
    "the product worked out on the bench",
    lambda v: [
        f"mkdir shelf && {COPY} shelf",
        pack(v),
        count(v, f"{v.tool}:1 {JQ} -n {v.product}"),
    ],
    rejected_by="sum",
    reason="not-counted",
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
step.near_miss(
    "a program that nobody may run",
    lambda v: [
        f"mkdir shelf && {COPY} shelf && chmod a-x shelf{JQ}",
        pack(v),
        f"{count(v)} || true",
    ],
    rejected_by="sum",
    reason="not-executable",
    explain=NOT_EXECUTABLE,
)
step.near_miss(
    "a loader that nobody may run",
    lambda v: [
        f"mkdir shelf && {COPY} shelf && chmod a-x shelf/lib*/ld-*",
        pack(v),
        f"{count(v)} || true",
    ],
    rejected_by="sum",
    reason="not-executable",
    explain=NOT_EXECUTABLE,
)
step.near_miss(
    "waiting for input that never comes",
    lambda v: [
        f"mkdir shelf && {COPY} shelf",
        pack(v),
        count(v, f"{v.tool}:1 {JQ} '{v.a} * {v.b}'"),
    ],
    rejected_by="sum",
    reason="no-input",
    explain="`jq` works once for each value that it reads, and there was none to read. With `-n` "
    "it works once without.",
)
step.near_miss(
    "the product through a pipe",
    lambda v: [
        f"mkdir shelf && {COPY} shelf",
        pack(v),
        f"echo {v.product} | {count(v, f'{v.tool}:1 {JQ} .', '-i ')}",
    ],
    rejected_by="sum",
    reason="not-multiplied",
)
