"""An image of a layer, a config and a list, each made with tar, sha256sum and jq."""

from __future__ import annotations

from lab_engine.authoring import (
    OciLayoutReading,
    See,
    SocketsProbe,
    container,
    require,
    require_blobs,
    require_container,
    require_image,
    require_served_by,
)
from labs.images.values import BLOBS, WORK, Values, lab

PAGE = "srv/index.html"

step = lab.step("by-hand", daemons=("docker",))


def folder(v: Values) -> str:
    return f"{WORK}/{v.box}"


def layers(found: OciLayoutReading, v: Values) -> dict[str, str]:
    """The layers that have the page: digest to the hash of the archive in it."""
    return {
        blob.digest: blob.diff_id
        for blob in found.of_kind("layer")
        if PAGE in blob.files and blob.files[PAGE].text.strip() == v.page
    }


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
        layers(found, v),
        "other-page",
        expected=f"The file {PAGE} in the archive says: {v.page}",
        observed="It says something else.",
        look=f"cd {folder(v)}/{BLOBS} && for f in *; do tar -xOf $f ./{PAGE} || true; done",
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
    with_layer = [one for one in said if set(one.diff_ids) & {*layers(found, v).values()}]
    require(
        with_layer,
        "other-layer",
        expected="The diff_ids of the config hold the hash of your layer's archive, unpacked.",
        observed="They hold another, or none.",
        look=f"cd {folder(v)}/{BLOBS} && sha256sum *",
    )
    require(
        any(one.command or one.entrypoint for one in with_layer),
        "no-command",
        expected="The config says under `config` what to run: Cmd.",
        observed="It does not.",
        look=look,
    )


@step.check("load", points=3, needs=("config",))
async def load(see: See, v: Values) -> None:
    found = await require_blobs(see, folder(v))
    image, _ = await require_image(see, f"{v.box}:1", layers=1, holds={f"/{PAGE}": v.page})
    require(
        found.blob(image.id) is not None,
        "not-yours",
        expected=f"The id of {v.box}:1 is the name of a blob in {folder(v)}.",
        observed=f"It is {image.id}.",
        look=f"docker images --no-trunc; ls {folder(v)}/{BLOBS}",
    )


@step.check("serve", points=2, needs=("load",), settle=2.0)
async def serve(see: See, v: Values) -> None:
    await require_container(see, v.site, image=f"{v.box}:1")
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


ROOT = (
    "mkdir -p hull/bin hull/srv && cp /bin/busybox hull/bin/ && ln -s busybox hull/bin/httpd && "
    "echo {page} > hull/srv/index.html"
)
COMMAND = '["httpd", "-f", "-p", "80", "-h", "/srv"]'


def hashed(file: str) -> str:
    return f"$(sha256sum {file} | cut -d ' ' -f 1)"


def tree(v: Values) -> str:
    return ROOT.format(page=v.page)


def place(v: Values, file: str) -> str:
    return f"cp {file} {v.box}/{BLOBS}/{hashed(file)}"


def packed(v: Values) -> str:
    return f"tar -C hull -cf hull.tar . && mkdir -p {v.box}/{BLOBS} && {place(v, 'hull.tar')}"


def configured(v: Values, *, layer: str = "hull.tar", command: str = COMMAND) -> str:
    says = (
        f'{{architecture: $a, os: "linux", config: {{Cmd: {command}, Env: ["PATH=/bin"]}}, '
        'rootfs: {type: "layers", diff_ids: [$l]}}'
    )
    return (
        f"jq -n --arg a $(dpkg --print-architecture) --arg l sha256:{hashed(layer)} '{says}' "
        f"> hull.json && {place(v, 'hull.json')}"
    )


def listed(v: Values, *, tag: str = "", layer: str = "hull.tar") -> str:
    says = f'[{{Config: $c, RepoTags: ["{tag or f"{v.box}:1"}"], Layers: [$l]}}]'
    return (
        f"jq -n --arg c {BLOBS}/{hashed('hull.json')} --arg l {BLOBS}/{hashed(layer)} "
        f"'{says}' > {v.box}/manifest.json"
    )


def loaded(v: Values) -> str:
    return f"tar -C {v.box} -c . | docker load"


def run(v: Values, image: str = "") -> str:
    return f"docker run -d --name {v.site} {image or f'{v.box}:1'}"


PYTHON = """python3 - <<'END'
import hashlib, io, json, pathlib, shutil, tarfile
folder = pathlib.Path("{box}/blobs/sha256"); folder.mkdir(parents=True)
def put(data):
    name = hashlib.sha256(data).hexdigest(); (folder / name).write_bytes(data); return name
made = io.BytesIO()
with tarfile.open(fileobj=made, mode="w") as archive:
    archive.add("/bin/busybox", "bin/busybox")
    page = b"{page}"; one = tarfile.TarInfo("srv/index.html"); one.size = len(page)
    archive.addfile(one, io.BytesIO(page))
layer = put(made.getvalue())
config = put(json.dumps(dict(architecture="amd64", os="linux",
    config=dict(Entrypoint=["/bin/busybox"], Cmd=["httpd", "-f", "-h", "/srv"]),
    rootfs=dict(type="layers", diff_ids=["sha256:" + layer]))).encode())
pathlib.Path("{box}/manifest.json").write_text(json.dumps([dict(
    Config="blobs/sha256/" + config, RepoTags=["{box}:1"], Layers=["blobs/sha256/" + layer])]))
shutil.make_archive("made", "tar", "{box}")
END"""

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
