"""An image of a layer, a config and a list, each made with tar, sha256sum and jq."""

from __future__ import annotations

from lab_engine.authoring import (
    DockerContainerProbe,
    DockerImageProbe,
    See,
    SocketsProbe,
    container,
    require,
    require_blobs,
    require_container,
    require_image,
    require_served_by,
)
from labs.images.misloaded import add_to
from labs.images.papers import require_config, require_list, require_named, require_whole_layer
from labs.images.parcel import (
    COMMAND,
    PAGE,
    PYTHON,
    configured,
    folder,
    hashed,
    listed,
    loaded,
    packed,
    place,
    run,
    tree,
)
from labs.images.values import BLOBS, Values, lab

NOT_FOUND = 127
"""The exit code of a container whose program the runtime did not find."""

step = lab.step("by-hand", daemons=("docker",))


@step.check("layer", points=2)
async def layer(see: See, v: Values) -> None:
    require_whole_layer(await require_named(see, v), v)


@step.check("config", points=2, needs=("layer",))
async def config(see: See, v: Values) -> None:
    await require_config(see, v, await require_blobs(see, folder(v)))


@step.check("load", points=3, needs=("config",))
async def load(see: See, v: Values) -> None:
    found = await require_blobs(see, folder(v))
    if not (await see(DockerImageProbe(f"{v.box}:1"))).exists:
        await require_list(see, v)
    image, _ = await require_image(see, f"{v.box}:1", layers=1, holds={f"/{PAGE}": v.page})
    # Docker's own configs say when they were made. One by the text's way does not.
    require(
        found.blob(image.id) is not None or image.created_at > 0,
        "older-config",
        expected=f"The id of {v.box}:1 is the name of a blob in {folder(v)}.",
        observed=f"It is {image.id}, and no such blob is there.",
        look=f"docker images --no-trunc; ls {folder(v)}/{BLOBS}",
    )
    require(
        found.blob(image.id) is not None,
        "not-yours",
        expected=f"The id of {v.box}:1 is the name of a blob in {folder(v)}.",
        observed=f"It is {image.id}.",
        look=f"docker images --no-trunc; ls {folder(v)}/{BLOBS}",
    )


@step.check("serve", points=2, needs=("load",), settle=2.0)
async def serve(see: See, v: Values) -> None:
    made = await see(DockerContainerProbe(v.site))
    require(
        (made.state, made.exit_code) != ("created", NOT_FOUND),
        "not-started",
        expected=f"{v.site} runs.",
        observed="It was made, and its program could not start.",
        look="docker ps -a --no-trunc",
    )
    site = await require_container(see, v.site, image=f"{v.box}:1")
    image = await see(DockerImageProbe(f"{v.box}:1"))
    require(
        site.command == (*image.entrypoint, *image.command),
        "own-command",
        expected=f"{v.site} runs what the image says.",
        observed=f"It was given a command: {' '.join(site.command)}.",
        look=f"docker ps -a --no-trunc; docker inspect -f '{{{{.Config.Cmd}}}}' {v.box}:1",
    )
    over = [one for one in site.mounts if f"/{PAGE}".startswith(one.destination)]
    require(
        not over,
        "mounted-over",
        expected=f"{v.site} serves the page of its image.",
        observed=f"Something is mounted at {over[0].destination}." if over else "",
        look=f"docker inspect -f '{{{{json .Mounts}}}}' {v.site}",
    )
    require(
        site.network_mode != "none",
        "no-network",
        expected=f"{v.site} can be reached.",
        observed="It is on no network.",
        look=f"docker inspect -f '{{{{.HostConfig.NetworkMode}}}}' {v.site}",
    )
    # Said here, since the image need not have a program that lists sockets.
    sockets = await see(SocketsProbe(container(v.site)))
    require(
        sockets.on(80),
        "no-server",
        expected=f"{v.site} waits at port 80.",
        observed="Nothing waits there.",
        look=f"docker top {v.site}; docker logs {v.site}",
    )
    await require_served_by(see, v.site, 80, says=v.page)


step.solution(
    "tar, sha256sum and jq",
    lambda v: [tree(v), packed(v), configured(v), listed(v), loaded(v), run(v)],
)
step.solution(
    "a program does the same",
    lambda v: [
        PYTHON.replace("{box}", v.box).replace("{page}", v.page),
        "docker load -i made.tar",
        run(v),
    ],
)
step.solution(
    "built, saved and unpacked",
    lambda v: [
        tree(v),
        f"printf 'FROM scratch\\nCOPY . /\\nENV PATH=/bin\\nCMD {COMMAND}\\n' > Dockerfile && "
        f"docker build -t {v.box}:1 -f Dockerfile hull",
        f"mkdir {v.box} && docker save {v.box}:1 | tar -C {v.box} -x",
        run(v),
    ],
)
ONE_WORD = (
    "No shell takes that apart: the engine looks for a program whose name has blanks in it. Put "
    "each word in quotes of its own, with commas between them, and brackets around them all."
)
DIGITS = (
    "A blob is called by the digits of its hash alone: no `sha256:` before them, and nothing like "
    "`.tar` or `.json` behind. `mv` gives it that name."
)
LYING = (
    "A blob is not called by the hash of its bytes: it was changed after it got its name, or "
    "the name was typed. Name it by what `sha256sum` says of it now, and remove the one with the "
    "wrong name."
)
step.near_miss(
    "the page written after the hash was taken",
    lambda v: [
        tree(v),
        packed(v),
        f"tar -C hull -cf hull.tar . --owner=7 && cp hull.tar {v.box}/{BLOBS}/*",
    ],
    rejected_by="layer",
    reason="lying-blob",
    explain=LYING,
)
step.near_miss(
    "the archive under its own name",
    lambda v: [
        tree(v),
        f"mkdir -p {v.box}/{BLOBS} && tar -C hull -cf {v.box}/{BLOBS}/hull.tar .",
    ],
    rejected_by="layer",
    reason="other-name",
    explain=DIGITS,
)
step.near_miss(
    "the kind of the hash in the name",
    lambda v: [
        tree(v),
        f"tar -C hull -cf hull.tar . && mkdir -p {v.box}/{BLOBS} && "
        f"cp hull.tar {v.box}/{BLOBS}/sha256:{hashed('hull.tar')}",
    ],
    rejected_by="layer",
    reason="other-name",
    explain=DIGITS,
)
step.near_miss(
    "the folder packed as well",
    lambda v: [
        tree(v),
        f"tar -cf hull.tar hull && mkdir -p {v.box}/{BLOBS} && {place(v, 'hull.tar')}",
    ],
    rejected_by="layer",
    reason="no-page",
    explain="Paths in the archive begin at the root of the image. With `tar -C FOLDER ... .` they "
    "begin below that folder.",
)
step.near_miss(
    "another page",
    lambda v: [tree(v), "echo later > hull/srv/index.html", packed(v)],
    rejected_by="layer",
    reason="other-page",
)
step.near_miss(
    "a link that leads nowhere in there",
    lambda v: [
        tree(v),
        "rm hull/bin/httpd && ln -s hull/bin/busybox hull/bin/httpd",
        packed(v),
    ],
    rejected_by="layer",
    reason="link-to-nothing",
    explain="A link is kept as the words that `ln -s` was given, and read from where it lies, in "
    "the image. `busybox` is the file beside it; `hull` is no folder in there.",
)
step.near_miss(
    "the program a second time",
    lambda v: [tree(v), "rm hull/bin/httpd && cp hull/bin/busybox hull/bin/httpd", packed(v)],
    rejected_by="layer",
    reason="copied",
    explain="It would run, and the image would be twice as large for it. `ln -s busybox httpd` "
    "makes a link, which takes a few bytes.",
)
step.near_miss(
    "no link",
    lambda v: [tree(v), "rm hull/bin/httpd", packed(v)],
    rejected_by="layer",
    reason="no-link",
)
step.near_miss(
    "a link, and no busybox",
    lambda v: [tree(v), "rm hull/bin/busybox", packed(v)],
    rejected_by="layer",
    reason="no-busybox",
)
step.near_miss(
    "the hash without its kind",
    lambda v: [tree(v), packed(v), configured(v, kind="")],
    rejected_by="config",
    reason="no-prefix",
    explain="In `diff_ids`, `sha256:` stands before the hash: it says by which kind of hash.",
)
step.near_miss(
    "the hash of the packed layer",
    lambda v: [
        tree(v),
        f"tar -C hull -czf hull.tar . && mkdir -p {v.box}/{BLOBS} && {place(v, 'hull.tar')}",
        configured(v),
    ],
    rejected_by="config",
    reason="other-layer",
    explain="diff_ids wants the hash of the archive as it is now, and before gzip, if that packs "
    "it: whoever packs again has another hash.",
)
step.near_miss(
    "a name in quotes, and not its value",
    lambda v: [tree(v), packed(v), configured(v).replace("[$l]", '["$l"]')],
    rejected_by="config",
    reason="no-hash",
    explain="`jq` puts the value in the place of `$l` only where `$l` stands by itself. In quotes "
    "it is a text like any other.",
)
step.near_miss(
    "the processor by the kernel's word for it",
    lambda v: [
        tree(v),
        packed(v),
        configured(v).replace("$(dpkg --print-architecture)", "$(uname -m)"),
    ],
    rejected_by="config",
    reason="other-processor",
    explain="Docker would load that, and warn at each start: it is for another processor. The word "
    "for this one is what `dpkg --print-architecture` prints. `uname -m` has words of its own.",
)
step.near_miss(
    "no command",
    lambda v: [tree(v), packed(v), configured(v, command="[]")],
    rejected_by="config",
    reason="no-command",
)
step.near_miss(
    "the command as one word",
    lambda v: [tree(v), packed(v), configured(v, command='["httpd -f -p 80 -h /srv"]')],
    rejected_by="config",
    reason="one-word",
    explain=ONE_WORD,
)
step.near_miss(
    "the command as a text",
    lambda v: [tree(v), packed(v), configured(v, command='"httpd -f -p 80 -h /srv"')],
    rejected_by="config",
    reason="one-word",
    explain=ONE_WORD,
)
step.near_miss(
    "in the background",
    lambda v: [tree(v), packed(v), configured(v, command='["httpd", "-p", "80", "-h", "/srv"]')],
    rejected_by="config",
    reason="background",
    explain="Without `-f`, `httpd` starts another process and ends itself, and a container ends "
    "with its first process, without a word in its log.",
)
add_to(step)
