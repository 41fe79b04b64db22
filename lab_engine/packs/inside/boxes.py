"""Small container images for the bench's own Docker, made of the bench's own files.

An image is busybox, the files that are named with the libraries that they load, and a folder of the
recipe's. No registry is asked. It lies where the base's own images do, so that a lab asks for it in
the same way: `Image("NAME")`.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from lab_engine.bench import tarball
from lab_engine.packs.inside.common import RECIPE, Component, fail, say

ARCHIVES: Final = Path("/usr/lib/infralab/images")
BUSYBOX: Final = ARCHIVES / "busybox.tar"
PATH: Final = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
ELF: Final = b"\x7fELF"


def make(part: dict[str, Any]) -> list[Component]:
    """Write the archive of one image; returns what is in it."""
    name = part["name"]
    say(f"making the container image {name}")
    target = ARCHIVES / f"{name}.tar"
    if target.exists():
        fail(f"the bench has an image {name} already")
    layers = [*_busybox(), _layer(part)]
    config: dict[str, Any] = {
        "Cmd": list(part["cmd"]),
        "Env": [PATH, *part["env"]],
        "Labels": {"infralab.image": name},
    }
    if part["ports"]:
        config["ExposedPorts"] = {f"{port}/tcp": {} for port in part["ports"]}
    if part["user"]:
        config["User"] = part["user"]
    data = tarball.docker_image(f"{name}:latest", layers, config)
    target.write_bytes(data)
    digest = hashlib.sha256(data).hexdigest()
    about = {"type": "container", "name": name, "version": "latest", "sha256": digest}
    return [about, *_packages(part["files"])]


def _busybox() -> Iterator[bytes]:
    """The layers of the bench's busybox, lowest first."""
    with tarfile.open(BUSYBOX) as tar:
        manifest = tar.extractfile("manifest.json")
        assert manifest is not None
        for name in json.load(manifest)[0]["Layers"]:
            layer = tar.extractfile(name)
            assert layer is not None
            yield layer.read()


def _layer(part: dict[str, Any]) -> bytes:
    asked: dict[str, Path] = {}
    for wanted in part["files"]:
        path = Path(wanted)
        if not path.exists():
            fail(f"the image {part['name']} wants {wanted}, which is not in the bench")
        asked |= {str(one): one for one in _below(path)}
    loaded = {str(one): one for path in asked.values() for one in _libraries(path)}
    own = RECIPE / part["folder"]
    laid = {f"/{one.relative_to(own)}": one for one in _below(own)} if part["folder"] else {}
    files = asked | loaded | laid
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for name, path in sorted(files.items()):
            # A library, or a file that was named, is wanted itself, wherever its link leads.
            if path.is_symlink() and name not in loaded and name not in part["files"]:
                link = str(path.readlink())
                tarball.add(tar, name[1:], b"", kind=tarfile.SYMTYPE, target=link, mode=0o777)
            else:
                mode = path.stat().st_mode & 0o777
                tarball.add(tar, name[1:], path.read_bytes(), mode=mode)
    return buffer.getvalue()


def _below(path: Path) -> Iterator[Path]:
    """The files and links in a folder, or the one file that it is."""
    if path.is_dir():
        yield from (one for one in sorted(path.rglob("*")) if one.is_symlink() or one.is_file())
    else:
        yield path


def _libraries(path: Path) -> Iterator[Path]:
    """The shared libraries that a program loads, and its loader (ldd(1))."""
    if not path.is_file():
        return
    with path.open("rb") as file:
        if file.read(4) != ELF:
            return
    said = subprocess.run(["ldd", str(path)], capture_output=True, text=True, check=False).stdout
    for line in said.splitlines():
        if "not found" in line:
            fail(f"{path} needs {line.split()[0]}, which is not in the bench")
        if found := re.search(r"(/\S+) \(0x", line):
            yield Path(found[1])


def _packages(files: list[str]) -> Iterator[Component]:
    """The packages of Debian that the files are from: the base's are in no other list."""
    # Debian's database knows /usr/bin/bash, while /bin/bash is the same file.
    names = sorted({str(Path(name).resolve()) for name in files} | set(files))
    said = subprocess.run(["dpkg-query", "-S", *names], capture_output=True, text=True, check=False)
    owners = {line.partition(":")[0].partition(",")[0] for line in said.stdout.splitlines()}
    for owner in sorted(owners):
        version = subprocess.run(
            ["dpkg-query", "-W", "-f", "${Version}", owner],
            capture_output=True, text=True, check=False,
        ).stdout  # fmt: skip
        if version:
            purl = f"pkg:deb/debian/{owner}@{version}"
            yield {"type": "library", "name": owner, "version": version, "purl": purl}
