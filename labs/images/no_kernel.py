"""A program and what it needs, and nothing else: no kernel, no shell."""

from __future__ import annotations

import posixpath

from lab_engine.authoring import (
    ContainerLogProbe,
    DockerImagePathsProbe,
    FileProbe,
    See,
    require,
    require_container,
    require_image,
)
from labs.images.values import Values, lab

JQ = "/usr/bin/jq"
MOST = 8_000_000
LOADERS = ("/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux-aarch64.so.1")
"""What a program names as its loader, by the processor that it was made for."""
LIBRARIES = ("libjq.so.1", "libonig.so.5", "libm.so.6", "libc.so.6")
"""What jq and its libraries want, as `ldd` lists it in the bench."""
FOLDERS = (
    *(f"{top}/{arch}-linux-gnu" for arch in ("x86_64", "aarch64") for top in ("/lib", "/usr/lib")),
    *("/lib", "/usr/lib", "/lib64", "/usr/lib64"),
)
"""Where a loader of Debian looks without being told (`ld.so --help`)."""
LINKS = 4
COPY = f"cp --parents {JQ} $(ldd {JQ} | grep -o '/[^ ]*')"

step = lab.step("no-kernel", daemons=("docker",))


async def files(see: See, image: str, paths: list[str]) -> set[str]:
    """Which of these paths lead to a file in the image, by at most LINKS links."""
    leads = {path: path for path in paths}
    for _ in range(LINKS):
        found = await see(DockerImagePathsProbe(image, tuple(sorted({*leads.values()}))))
        links = {
            path: posixpath.join(posixpath.dirname(at), found.paths[at].file.content)
            for path, at in leads.items()
            if found.paths[at].file.kind == "link"
        }
        if not links:
            break
        leads |= links
    # What leads on after so many links was not asked for any more.
    ends = {at for at, one in found.paths.items() if one.file.kind == "file"}
    return {path for path, at in leads.items() if at in ends}


@step.check("program", points=2)
async def program(see: See, v: Values) -> None:
    name = f"{v.tool}:1"
    image, own = await require_image(see, name, holds={JQ: ""}, at_most=MOST)
    ours = await see(FileProbe(JQ))
    require(
        own[JQ].file.sha256 == ours.sha256,
        "other-program",
        expected=f"{JQ} in {name} is the bench's own.",
        observed="It is another file.",
        look=f"sha256sum {JQ}",
    )
    ours_loader = [path for path in LOADERS if (await see(FileProbe(path))).exists]
    # An image may tell the loader where else to look.
    told = [one for one in image.environment.get("LD_LIBRARY_PATH", "").split(":") if one]
    wanted = {one: [f"{at}/{one}" for at in (*told, *FOLDERS)] for one in LIBRARIES}
    there = await files(
        see, name, [*ours_loader, *(path for all in wanted.values() for path in all)]
    )
    look = f"ldd {JQ}; docker run --rm {name} {JQ} -n 1 || true"
    require(
        there.intersection(ours_loader),
        "no-loader",
        expected=f"{name} has what {JQ} needs to run: its loader {' or '.join(ours_loader)}.",
        observed="There is no file at that path.",
        look=look,
    )
    missing = [one for one, paths in wanted.items() if not there.intersection(paths)]
    require(
        not missing,
        "no-library",
        expected=f"{name} has what {JQ} needs to run: its libraries, where the loader looks.",
        observed=f"It looks for {', '.join(missing)} in vain.",
        look=look,
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
        str(v.product) not in " ".join(found.command),
        "not-counted",
        expected=f"{JQ} multiplies {v.a} and {v.b} in there.",
        observed="It was told the product.",
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
        f"mkdir shelf && cp --parents {JQ} {' '.join(LOADERS[:1])} shelf",
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
