"""An image of a layer, a config and a list, each made with tar, sha256sum and jq."""

from __future__ import annotations

import re

from lab_engine.authoring import (
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
from labs.images.parcel import (
    BUSYBOX,
    COMMAND,
    PAGE,
    PYTHON,
    SERVER,
    configured,
    folder,
    hashed,
    layers,
    listed,
    loaded,
    packed,
    paged,
    place,
    run,
    tree,
)
from labs.images.values import BLOBS, Values, lab

step = lab.step("by-hand", daemons=("docker",))


@step.check("layer", points=2)
async def layer(see: See, v: Values) -> None:
    found = await require_blobs(see, folder(v))
    look = f"ls -l {folder(v)}/{BLOBS}"
    require(
        found.of_kind("layer"),
        "no-archive",
        expected=f"One blob in {folder(v)} is an archive.",
        observed="None is.",
        look=look,
    )
    require(
        any(PAGE in blob.files for blob in found.of_kind("layer")),
        "no-page",
        expected=f"The archive has a file {PAGE}.",
        observed="It has none.",
        look=f"cd {folder(v)}/{BLOBS} && for f in *; do tar -tf $f || true; done",
    )
    require(
        paged(found, v),
        "other-page",
        expected=f"The file {PAGE} in the archive says: {v.page}",
        observed="It says something else.",
        look=f"cd {folder(v)}/{BLOBS} && for f in *; do tar -xOf $f ./{PAGE} || true; done",
    )
    inside = f"cd {folder(v)}/{BLOBS} && for f in *; do tar -tvf $f || true; done"
    blobs = paged(found, v)
    require(
        any(BUSYBOX in blob.files for blob in blobs),
        "no-busybox",
        expected=f"The archive has a file {BUSYBOX}.",
        observed="It has none.",
        look=inside,
    )
    named = [blob.files[SERVER] for blob in blobs if SERVER in blob.files]
    require(
        named,
        "no-link",
        expected=f"The archive has a link {SERVER} to busybox.",
        observed="It has none.",
        look=inside,
    )
    require(
        layers(found, v),
        "link-to-nothing",
        expected=f"The link {SERVER} in the archive leads to {BUSYBOX} in it.",
        observed=f"It leads to {named[0].text!r}."
        if named[0].kind == "link"
        else f"It is a {named[0].kind} of another content.",
        look=inside,
    )


@step.check("config", points=2, needs=("layer",))
async def config(see: See, v: Values) -> None:
    found = await require_blobs(see, folder(v))
    look = f"ls -l {folder(v)}/{BLOBS}"
    said = [blob.config for blob in found.of_kind("config") if blob.config]
    require(
        said,
        "no-config",
        expected=f"One blob in {folder(v)} is a config in JSON, with its rootfs.",
        observed="None is.",
        look=look,
    )
    hashes = {*layers(found, v).values()}
    with_layer = [one for one in said if set(one.diff_ids) & hashes]
    require(
        with_layer or not any(f"sha256:{name}" in hashes for one in said for name in one.diff_ids),
        "no-prefix",
        expected="The diff_ids of the config say sha256: and the hash of your layer's archive.",
        observed="They say the hash alone.",
        look=f"cd {folder(v)}/{BLOBS} && for f in *; do jq . $f 2> /dev/null || true; done",
    )
    require(
        with_layer,
        "other-layer",
        expected="The diff_ids of the config hold the hash of your layer's archive, unpacked.",
        observed="They hold another, or none.",
        look=f"cd {folder(v)}/{BLOBS} && sha256sum *",
    )
    runs = [words for one in with_layer if (words := (*one.entrypoint, *one.command))]
    require(
        runs,
        "no-command",
        expected="The config says under `config` what to run: Cmd.",
        observed="It does not.",
        look=look,
    )
    shown = f"cd {folder(v)}/{BLOBS} && for f in *; do jq .config $f 2> /dev/null || true; done"
    require(
        any(len(words) > 1 or " " not in words[0] for words in runs),
        "one-word",
        expected="What to run is a list of words.",
        observed=f"It is one word: {runs[0][0]!r}.",
        look=shown,
    )
    require(
        # As a word of its own or among other letters, be it in a shell's line.
        any(re.search(r"(^| )-[a-z]*f", " ".join(words)) for words in runs),
        "background",
        expected="The config says to run httpd in the foreground, with the words of the task.",
        observed=f"There is no -f: it says {' '.join(runs[0])!r}.",
        look=shown,
    )


@step.check("load", points=3, needs=("config",))
async def load(see: See, v: Values) -> None:
    found = await require_blobs(see, folder(v))
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
    site = await require_container(see, v.site, image=f"{v.box}:1")
    image = await see(DockerImageProbe(f"{v.box}:1"))
    require(
        site.command == (*image.entrypoint, *image.command),
        "own-command",
        expected=f"{v.site} runs what the image says.",
        observed=f"It was given a command: {' '.join(site.command)}.",
        look=f"docker ps -a --no-trunc; docker inspect -f '{{{{.Config.Cmd}}}}' {v.box}:1",
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
    reason="lying-blob",
    explain=LYING,
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
    explain="No shell takes that apart: the engine looks for a program whose name has blanks in "
    "it. Put each word in quotes of its own, with commas between them.",
)
step.near_miss(
    "in the background",
    lambda v: [tree(v), packed(v), configured(v, command='["httpd", "-p", "80", "-h", "/srv"]')],
    rejected_by="config",
    reason="background",
    explain="Without `-f`, `httpd` starts another process and ends itself, and a container ends "
    "with its first process, without a word in its log.",
)
step.near_miss(
    "changed, and not loaded again",
    lambda v: [
        tree(v),
        packed(v),
        configured(v, command=COMMAND.replace("80", "81")),
        listed(v),
        loaded(v),
        f"rm {v.box}/{BLOBS}/{hashed('hull.json')}",
        configured(v),
        listed(v),
    ],
    rejected_by="load",
    reason="older-config",
    explain="Docker has the image by a config that is not in your folder now: an older one of "
    "yours, it seems. A new config has a new name, which the list has to name; then load it again.",
)
step.near_miss(
    "a tag misspelt",
    lambda v: [tree(v), packed(v), configured(v), listed(v, tag=f"{v.box}:latest"), loaded(v)],
    rejected_by="load",
    reason="no-image",
)
step.near_miss(
    "another image of that name",
    lambda v: [
        tree(v),
        packed(v),
        configured(v),
        f"tar -C hull -c . | docker import - {v.box}:1",
    ],
    rejected_by="load",
    reason="not-yours",
    explain="Docker wrote a config of its own for that image. Load the one that your config "
    "describes: then its id is the name of your config.",
)
step.near_miss(
    "another port",
    lambda v: [
        tree(v),
        packed(v),
        configured(v, command=COMMAND.replace("80", "8080")),
        listed(v),
        loaded(v),
        run(v),
    ],
    rejected_by="serve",
    reason="no-server",
)
step.near_miss(
    "a command of its own",
    lambda v: [
        tree(v),
        packed(v),
        configured(v, command=COMMAND.replace("80", "8080")),
        listed(v),
        loaded(v),
        f"{run(v)} httpd -f -p 80 -h /srv",
    ],
    rejected_by="serve",
    reason="own-command",
    explain="What stands behind the image's name takes the place of the image's own command. "
    "`docker rm -f` it, and start it without. Is the image's own wrong, mend the config.",
)
step.near_miss(
    "served by busybox",
    lambda v: [
        tree(v),
        packed(v),
        configured(v),
        listed(v),
        loaded(v),
        "docker load -qi /usr/lib/infralab/images/busybox.tar",
        f"docker run -d --name {v.site} -v $PWD/hull/srv:/srv busybox httpd -f -h /srv",
    ],
    rejected_by="serve",
    reason="other-image",
    explain="The page is right, but this container was made of another image.",
)
