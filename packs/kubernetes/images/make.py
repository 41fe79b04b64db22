"""Write the images of the cluster as one archive for `ctr images import`: make.py BIN OUT.

BIN holds the programs of the pack. Libraries of the few programs that are not static come from the
system that this runs on. A layer that several images share is written once.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import platform
import re
import subprocess
import sys
import tarfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
KUBERNETES = "v1.34.4"
ETCD, COREDNS, PAUSE, BUSYBOX = "3.6.4-0", "v1.13.1", "3.10.1", "1.37"
SITES = ("1.0", "2.0", "2.1")
"""Versions of the learner's small site; 2.1 is never ready."""
# The names that kubeadm asks for by default; nothing is pulled from there.
KUBEADM, LIBRARY, OWN = "registry.k8s.io/", "docker.io/library/", "localhost/"
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
FIREWALL = ("/usr/sbin/xtables-nft-multi", "/usr/sbin/nft", "/usr/sbin/conntrack")
MERGED = {"bin": "usr/bin", "sbin": "usr/sbin", "lib": "usr/lib", "lib64": "usr/lib64"}
LIBRARIES = {"lib": "usr/lib", "lib64": "usr/lib64"}


@dataclass(frozen=True)
class Layer:
    """An uncompressed tar, made by `layer`; it is compressed when the archive is written."""

    data: bytes = field(repr=False)

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.data).hexdigest()


@dataclass(frozen=True)
class Image:
    layers: Sequence[Layer]
    config: dict[str, Any] = field(default_factory=dict)


def layer(
    files: dict[str, bytes],
    links: dict[str, str] | None = None,
    folders: dict[str, int] | None = None,
) -> Layer:
    """Files, all of mode 0755, links, and folders with their modes."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as tar:
        made: set[str] = set()

        def folder(path: str, mode: int = 0o755) -> None:
            parent = _parent(path)
            if parent and parent not in made:
                folder(parent)
            if path and path not in made:
                made.add(path)
                tar.addfile(_member(path, tarfile.DIRTYPE, mode))

        for path, mode in (folders or {}).items():
            folder(path, mode)
        for path, data in files.items():
            folder(_parent(path))
            member = _member(path, tarfile.REGTYPE, 0o755)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
        for path, target in (links or {}).items():
            folder(_parent(path))
            member = _member(path, tarfile.SYMTYPE, 0o777)
            member.linkname = target
            tar.addfile(member)
    return Layer(buffer.getvalue())


def _parent(path: str) -> str:
    return path.rpartition("/")[0]


def _member(path: str, kind: bytes, mode: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(path)
    member.type = kind
    member.mode = mode
    return member


def with_libraries(programs: Iterable[str]) -> dict[str, bytes]:
    """Programs of this system with the loader and the libraries that they name (ldd(1))."""
    found: dict[str, str] = {}
    for program in programs:
        real = os.path.realpath(program)
        found[program] = real
        said = subprocess.run(["ldd", real], capture_output=True, text=True, check=False).stdout
        for path in re.findall(r"(/\S+) \(0x", said):
            found[path] = os.path.realpath(path)
    # /lib is a link to /usr/lib here as there.
    inside = {re.sub(r"^/(lib|lib64|sbin|bin)/", r"/usr/\1/", path): found[path] for path in found}
    return {path.lstrip("/"): Path(real).read_bytes() for path, real in sorted(inside.items())}


def images(programs: Path) -> dict[str, Image]:
    """Every image of the cluster, by name."""

    def program(name: str) -> bytes:
        return (programs / name).read_bytes()

    busybox = "/usr/bin/busybox"
    listed = subprocess.run([busybox, "--list"], capture_output=True, text=True, check=True).stdout
    box = layer(
        {
            "bin/busybox": Path(busybox).read_bytes(),
            "etc/passwd": b"root:x:0:0:root:/root:/bin/sh\n"
            b"nobody:x:65534:65534:nobody:/:/bin/false\n",
            "etc/group": b"root:x:0:\n",
        },
        {f"bin/{applet}": "busybox" for applet in sorted(set(listed.split()) - {"busybox"})},
        {"tmp": 0o1777, "root": 0o700, "www": 0o755, "data": 0o777},
    )
    parts = ("apiserver", "controller-manager", "scheduler", "proxy")
    kube = layer(
        {"usr/local/bin/kube": program("kube")},
        {f"usr/local/bin/{name}": "kube" for name in (*(f"kube-{p}" for p in parts), "kubectl")},
    )
    tables = sorted(str(path) for path in Path("/usr/lib").glob("*-linux-gnu/xtables/*.so"))
    firewall = layer(
        with_libraries([*FIREWALL, *tables]),
        LIBRARIES
        | {
            f"usr/sbin/{name}{action}": "xtables-nft-multi"
            for name in ("iptables", "ip6tables")
            for action in ("", "-save", "-restore")
        },
        {"tmp": 0o1777},
    )
    etcd = layer({f"usr/local/bin/{name}": program(name) for name in ("etcd", "etcdctl")})
    tools = layer(with_libraries(["/usr/bin/curl", "/usr/bin/jq"]), LIBRARIES)
    # /usr is the node's own: Python, ip and nft come from there.
    network = layer(
        {
            "net-agent": (HERE / "net-agent.py").read_bytes(),
            "etc/ld.so.cache": Path("/etc/ld.so.cache").read_bytes(),
        },
        MERGED,
        {"usr": 0o755, "tmp": 0o1777},
    )
    site = layer({"web": (HERE / "web").read_bytes()})
    found = {
        f"{KUBEADM}pause:{PAUSE}": Image(
            [layer({"pause": program("pause")})], {"Entrypoint": ["/pause"]}
        ),
        f"{KUBEADM}etcd:{ETCD}": Image([etcd]),
        f"{KUBEADM}coredns/coredns:{COREDNS}": Image(
            [layer({"coredns": program("coredns")})],
            {"Entrypoint": ["/coredns"], "WorkingDir": "/"},
        ),
        f"{OWN}net-agent:v1": Image([network], {"Entrypoint": ["/net-agent"]}),
        f"{LIBRARY}busybox:{BUSYBOX}": Image([box], {"Cmd": ["sh"]}),
        f"{LIBRARY}tools:1": Image([box, tools], {"Cmd": ["sh"]}),
    }
    for part in parts:
        layers = [kube, firewall] if part == "proxy" else [kube]
        found[f"{KUBEADM}kube-{part}:{KUBERNETES}"] = Image(layers)
    for version in SITES:
        config = {"Env": [PATH, f"VERSION={version}"], "Cmd": ["/web"]}
        found[f"{LIBRARY}web:{version}"] = Image([box, site], config)
    for addon in ("metrics-server", "local-path-provisioner"):
        found[f"{OWN}{addon}:local"] = Image(
            [box, layer({addon: program(addon)})], {"Entrypoint": [f"/{addon}"]}
        )
    return found


def write(path: Path, every: dict[str, Image]) -> None:
    """The archive, in the form of `docker save`, its layers compressed by zstd."""
    with tarfile.open(path, "w", format=tarfile.GNU_FORMAT) as tar:
        written: set[str] = set()
        manifest = []

        def add(name: str, data: bytes) -> None:
            if name not in written:
                written.add(name)
                member = _member(name, tarfile.REGTYPE, 0o644)
                member.size = len(data)
                tar.addfile(member, io.BytesIO(data))

        for name, image in every.items():
            for one in image.layers:
                if f"{one.digest}.tar" not in written:
                    add(f"{one.digest}.tar", _compressed(one.data))
            body = {
                "architecture": ARCHITECTURES[platform.machine()],
                "os": "linux",
                "config": {"Env": [PATH], **image.config},
                "rootfs": {
                    "type": "layers",
                    "diff_ids": [f"sha256:{one.digest}" for one in image.layers],
                },
            }
            data = json.dumps(body).encode()
            config = f"{hashlib.sha256(data).hexdigest()}.json"
            add(config, data)
            layers = [f"{one.digest}.tar" for one in image.layers]
            manifest.append({"Config": config, "RepoTags": [name], "Layers": layers})
        add("manifest.json", json.dumps(manifest).encode())


def _compressed(data: bytes) -> bytes:
    words = ["zstd", "-q", "-T2", "-8", "-c"]
    return subprocess.run(words, input=data, capture_output=True, check=True).stdout


def main() -> None:
    programs, out = Path(sys.argv[1]), Path(sys.argv[2])
    out.mkdir(parents=True, exist_ok=True)
    write(out / "all.tar", images(programs))


if __name__ == "__main__":
    main()
