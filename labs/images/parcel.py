"""The image that is made by hand: what its layer has to hold, and the commands that make it."""

from __future__ import annotations

import posixpath

from lab_engine.authoring import Blob, OciLayoutReading
from labs.images.values import BLOBS, WORK, Values

PAGE = "srv/index.html"
BUSYBOX = "bin/busybox"
SERVER = "bin/httpd"
LINKS = 4


def folder(v: Values) -> str:
    return f"{WORK}/{v.box}"


def paged(found: OciLayoutReading, v: Values) -> list[Blob]:
    """The layers that have the page."""
    return [
        blob
        for blob in found.of_kind("layer")
        if PAGE in blob.files and blob.files[PAGE].text.strip() == v.page
    ]


def serves(blob: Blob) -> bool:
    """Whether the layer has busybox under the name of the server, be it a link or the file."""
    at = SERVER
    for _ in range(LINKS):
        entry = blob.files.get(at)
        if entry is None or entry.kind != "link":
            break
        at = posixpath.normpath(posixpath.join("/", posixpath.dirname(at), entry.text)).lstrip("/")
    ends, busybox = blob.files.get(at), blob.files.get(BUSYBOX)
    return (
        ends is not None
        and busybox is not None
        and (ends.kind, ends.sha256) == ("file", busybox.sha256)
    )


def copied(blob: Blob) -> bool:
    """Whether the archive has busybox's bytes twice; one that is packed does not tell."""
    program = blob.files[BUSYBOX]
    plain = blob.diff_id == blob.digest
    return plain and blob.files[SERVER].kind == "file" and blob.size > 2 * program.size


def layers(found: OciLayoutReading, v: Values) -> dict[str, str]:
    """The layers that have page and server: digest to the hash of the archive in it."""
    return {blob.digest: blob.diff_id for blob in paged(found, v) if serves(blob)}


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


def configured(
    v: Values, *, layer: str = "hull.tar", command: str = COMMAND, kind: str = "sha256:"
) -> str:
    says = (
        f'{{architecture: $a, os: "linux", config: {{Cmd: {command}, Env: ["PATH=/bin"]}}, '
        'rootfs: {type: "layers", diff_ids: [$l]}}'
    )
    return (
        f"jq -n --arg a $(dpkg --print-architecture) --arg l {kind}{hashed(layer)} '{says}' "
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
import hashlib, io, json, os, pathlib, shutil, tarfile
folder = pathlib.Path("{box}/blobs/sha256"); folder.mkdir(parents=True)
def put(data):
    name = hashlib.sha256(data).hexdigest(); (folder / name).write_bytes(data); return name
made = io.BytesIO()
with tarfile.open(fileobj=made, mode="w") as archive:
    archive.add("/bin/busybox", "bin/busybox")
    link = tarfile.TarInfo("bin/httpd"); link.type = tarfile.SYMTYPE; link.linkname = "/bin/busybox"
    archive.addfile(link)
    page = b"{page}"; one = tarfile.TarInfo("srv/index.html"); one.size = len(page)
    archive.addfile(one, io.BytesIO(page))
layer = put(made.getvalue())
processor = dict(x86_64="amd64", aarch64="arm64")[os.uname().machine]
config = put(json.dumps(dict(architecture=processor, os="linux",
    config=dict(Entrypoint=["/bin/busybox"], Cmd=["httpd", "-f", "-h", "/srv"]),
    rootfs=dict(type="layers", diff_ids=["sha256:" + layer]))).encode())
pathlib.Path("{box}/manifest.json").write_text(json.dumps([dict(
    Config="blobs/sha256/" + config, RepoTags=["{box}:1"], Layers=["blobs/sha256/" + layer])]))
shutil.make_archive("made", "tar", "{box}")
END"""
