"""A build that takes up what the last one has saved."""

from __future__ import annotations

import io
import tarfile

from lab_engine.authoring import (
    ContainerCommandProbe,
    ContainerFileProbe,
    ContainerPathsProbe,
    DockerImageProbe,
    LayeredFile,
    Resource,
    See,
    require,
    require_container,
    require_served_by,
)
from labs.source_to_image.made import MADE_BEFORE, require_made, scripts
from labs.source_to_image.values import (
    APP,
    HOME,
    PORT,
    Values,
    folder,
    given,
    lab,
    operators,
    touched,
)

BUILDER = "parts"
NUMBER = "parts/number"


def resources(v: Values) -> list[Resource]:
    return [
        *operators(),
        folder(v, BUILDER, given(BUILDER), 0o755),
        folder(v, v.thing, {"index.html": f"The {v.thing}\n"}),
    ]


step = lab.step("incremental", daemons=("docker",), resources=resources, touches=touched)


async def part(see: See, name: str) -> LayeredFile:
    """The slow part, as the image of a container has it. Reason: `no-part`."""
    path = f"{APP}/{NUMBER}"
    found = await see(ContainerPathsProbe(name, (path,)))
    one = found.paths[path].image
    require(
        one.exists and one.content.strip(),
        "no-part",
        expected=f"The image of {name} has {path}, which the given assemble makes.",
        observed="It has not.",
        look=f"docker exec {name} ls -lR {APP}",
    )
    return one


def unpacked(stream: str) -> dict[str, str]:
    """The files of a tar stream, by name without `./`; none when it is no tar stream."""
    files = {}
    try:
        with tarfile.open(fileobj=io.BytesIO(stream.encode())) as archive:
            for member in archive:
                content = archive.extractfile(member)
                if content is not None:
                    files[member.name.removeprefix("./")] = content.read(4096).decode()
    except (tarfile.TarError, UnicodeDecodeError, EOFError, OSError):
        return {}
    return files


@step.check("save", points=2)
async def save(see: See, v: Values) -> None:
    found = await require_container(see, v.before)
    image = await require_made(see, found.image_id, BUILDER)
    script, assemble = (f"{scripts(image)}/{name}" for name in ("save-artifacts", "assemble"))
    fetches = await see(ContainerFileProbe(v.before, assemble))
    require(
        fetches.text == given(BUILDER)["assemble"],
        "other-script",
        expected=f"{assemble} in {v.before} fetches the parts, as it was given.",
        observed="It is another script.",
        look=f"docker exec {v.before} cat {assemble}",
    )
    saved = await see(ContainerCommandProbe(v.before, (script,)))
    look = f"docker exec {v.before} {script} | tar -t || true"
    require(
        saved.ran and not saved.timed_out,
        "no-script",
        expected=f"{script} is in {v.before}, can be run, and ends.",
        observed="It runs on and on." if saved.timed_out else "It cannot be run.",
        look=f"docker exec {v.before} ls -l {scripts(image)}",
    )
    layers = await see(ContainerPathsProbe(v.before, (script,)))
    require(
        layers.paths[script].image.exists,
        "not-in-image",
        expected=f"The image of {v.before} has {script}, from the builder.",
        observed="It has not: the script is in this container alone.",
        look=f"docker run --rm {found.image_id[7:19]} ls {scripts(image)}",
    )
    # A tar file of nothing is two blocks of zeros (tar(5)).
    require(
        saved.stdout.strip("\0"),
        "nothing-saved",
        expected="It prints a tar file with something in it.",
        observed=f"It prints {'an empty one' if saved.stdout else 'nothing'}.",
        look=look,
    )
    files = unpacked(saved.stdout)
    require(
        files,
        "no-tar",
        expected="What it prints is a tar file, and nothing else.",
        observed=f"It prints {saved.stdout[:40]!r}.",
        look=look,
    )
    whole = await part(see, v.before)
    require(
        files.get(NUMBER) == whole.content,
        "other-files",
        expected=f"The tar file has the folder parts at its top, and in it {NUMBER}.",
        observed=f"It has: {', '.join(sorted(files))[:80]}.",
        look=look,
    )


@step.check("again", points=3, needs=("save",))
async def again(see: See, v: Values) -> None:
    old = await require_container(see, v.before)
    new = await require_container(see, v.after)
    tagged = await see(DockerImageProbe(v.thing))
    require(
        new.image_id == tagged.id,
        "other-image",
        expected=f"{v.after} is made of {v.thing}, as that is now.",
        observed="It is made of another image.",
        look=f"docker inspect -f '{{{{.Image}}}}' {v.after}; docker images --no-trunc",
    )
    require(
        new.image_id != old.image_id,
        "same-image",
        expected=f"{v.after} is made of a newer image than {v.before}.",
        observed="Both are made of the same one.",
        look=f"docker inspect -f '{{{{.Image}}}}' {v.before} {v.after}",
    )
    await require_made(see, new.image_id, BUILDER)
    await require_served_by(see, v.after, PORT, says=v.news)
    first, second = await part(see, v.before), await part(see, v.after)
    require(
        first.content == second.content,
        "made-anew",
        expected=f"{NUMBER} in {v.after} is that of {v.before}: it was saved.",
        observed="It is another one: it was fetched once more.",
        look=f"docker exec {v.before} cat {APP}/{NUMBER}; docker exec {v.after} cat {APP}/{NUMBER}",
    )


SAVE = "#!/bin/sh\ncd /opt/app && tar -cf - parts\n"


def write(text: str = SAVE, mode: str = "+x") -> str:
    script = f"{BUILDER}/save-artifacts"
    return f"cat > {script} <<'END'\n{text}END\nchmod {mode} {script}"


BUILD = f"docker build -t {BUILDER} {BUILDER}"


def make(v: Values, name: str, options: str = "") -> str:
    return (
        f"{HOME}/s2i build {v.thing} {BUILDER} {v.thing}{options} && "
        f"docker run -d --name {name} {v.thing}; sleep 0.5"
    )


def change(v: Values) -> str:
    return f"echo '{v.news}' > {v.thing}/index.html"


AGAIN = " --incremental"
FETCHED = (
    "The number is another one, so the slow part was made once more. Only with `--incremental` is "
    "the last image asked what it has saved. If that one has the new number already, "
    "`docker tag $(docker inspect -f '{{.Image}}' OLD) NAME` calls the image of the old container "
    "the last one again."
)

step.solution(
    "as shown",
    lambda v: [write(), BUILD, make(v, v.before), change(v), make(v, v.after, AGAIN)],
)
step.solution(
    "each part in one go",
    lambda v: [
        f"cd {BUILDER} && printf '#!/bin/sh\\ntar -C /opt/app -c ./parts\\n' > save-artifacts && "
        f"chmod 755 save-artifacts && docker build -t {BUILDER} . && cd ..",
        make(v, v.before, AGAIN),
        f"{change(v)} && {make(v, v.after, AGAIN)}",
    ],
)
step.near_miss(
    "not executable",
    lambda v: [write(mode="-x"), BUILD, make(v, v.before), change(v), make(v, v.after, AGAIN)],
    rejected_by="save",
    reason="no-script",
)
step.near_miss(
    "a word before the tar file",
    lambda v: [
        write(SAVE.replace("cd ", "echo 'Saving parts'\ncd ")),
        BUILD,
        make(v, v.before),
        change(v),
        make(v, v.after, AGAIN),
    ],
    rejected_by="save",
    reason="no-tar",
    explain="All that `save-artifacts` prints is the tar file, as it is. A word before it spoils "
    "it, and so does `-z`. Messages go to standard error: `echo hello >&2`.",
)
step.near_miss(
    "the folder's whole path",
    lambda v: [
        write("#!/bin/sh\ntar -cf - /opt/app/parts 2> /dev/null\n"),
        BUILD,
        make(v, v.before),
        change(v),
        make(v, v.after, AGAIN),
    ],
    rejected_by="save",
    reason="other-files",
)
step.near_miss(
    "packed where it is not",
    lambda v: [
        write(SAVE.replace("cd /opt/app && ", "")),
        BUILD,
        make(v, v.before),
        change(v),
        make(v, v.after, AGAIN),
    ],
    rejected_by="save",
    reason="nothing-saved",
)
step.near_miss(
    "into a file",
    lambda v: [
        write(SAVE.replace("-cf -", "-cf parts.tar")),
        BUILD,
        make(v, v.before),
        change(v),
        make(v, v.after, AGAIN),
    ],
    rejected_by="save",
    reason="nothing-saved",
)
step.near_miss(
    "put into the container",
    lambda v: [
        BUILD,
        make(v, v.before),
        f"{write()} && docker cp {BUILDER}/save-artifacts {v.before}:/usr/libexec/s2i/",
        change(v),
        make(v, v.after, AGAIN),
    ],
    rejected_by="save",
    reason="not-in-image",
)
step.near_miss(
    "the same number in each build",
    lambda v: [
        f"{write()} && sed -i 's,cat /proc.*uuid,echo 7,' {BUILDER}/assemble",
        BUILD,
        make(v, v.before),
        change(v),
        make(v, v.after),
    ],
    rejected_by="save",
    reason="other-script",
)
step.near_miss(
    "the script after the first image",
    lambda v: [BUILD, make(v, v.before), write(), BUILD, change(v), make(v, v.after, AGAIN)],
    rejected_by="save",
    reason="other-builder",
    explain=MADE_BEFORE,
)
step.near_miss(
    "all anew, and then from there",
    lambda v: [
        write(),
        BUILD,
        make(v, v.before),
        f"{change(v)} && {HOME}/s2i build {v.thing} {BUILDER} {v.thing}",
        make(v, v.after, AGAIN),
    ],
    rejected_by="again",
    reason="made-anew",
    explain=FETCHED,
)
step.near_miss(
    "all anew",
    lambda v: [write(), BUILD, make(v, v.before), change(v), make(v, v.after)],
    rejected_by="again",
    reason="made-anew",
    explain=FETCHED,
)
step.near_miss(
    "under another name",
    lambda v: [
        write(),
        BUILD,
        make(v, v.before),
        change(v),
        f"{HOME}/s2i build {v.thing} {BUILDER} {v.thing}2 --incremental && "
        f"docker run -d --name {v.after} {v.thing}2",
    ],
    rejected_by="again",
    reason="other-image",
)
step.near_miss(
    "the page is the old one",
    lambda v: [write(), BUILD, make(v, v.before), make(v, v.after, AGAIN)],
    rejected_by="again",
    reason="other-page",
)
step.near_miss(
    "the parts copied into the source",
    lambda v: [
        write(),
        BUILD,
        make(v, v.before),
        f"docker cp -q {v.before}:{APP}/parts {v.thing} && {change(v)}",
        make(v, v.after),
    ],
    rejected_by="again",
    reason="made-anew",
    explain=FETCHED,
)
step.near_miss(
    "changed by hand in a container",
    lambda v: [
        write(),
        BUILD,
        make(v, v.before),
        f"docker run -d --name {v.after} {v.thing} && docker exec {v.after} "
        f"sh -c \"echo '{v.news}' > {APP}/index.html\"",
    ],
    rejected_by="again",
    reason="same-image",
)
