"""Images made of the bench's busybox, marked in their properties."""

from __future__ import annotations

import io
import subprocess
import tarfile
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any, ClassVar, Final
from urllib.parse import urlencode

from lab_engine.common import digest
from lab_engine.families.incus.agent.api import (
    MARK_KEY,
    SPEC_KEY,
    WORK_SECONDS,
    Api,
    asking,
    foreign,
    is_ours,
    marked,
    owned,
    path,
)
from lab_engine.families.incus.resources import IncusImage
from lab_engine.families.provider import ABSENT, Mark, Owned, Provider, Say, Sighting

BUSYBOX: Final = Path("/usr/bin/busybox")
EPOCH: Final = 1_700_000_000
FOLDERS: Final = (
    "bin dev etc proc root run sbin sys tmp usr usr/bin usr/sbin var var/lib var/log www"
)
METADATA: Final = """architecture: x86_64
creation_date: 1700000000
properties:
  os: busybox
  description: "{}"
"""
INIT: Final = """#!/bin/sh
# PID 1 hears only the signals that it asks for: Incus sends SIGPWR to stop a machine.
trap 'exit 0' PWR TERM INT
export PATH=/bin:/sbin:/usr/bin:/usr/sbin HOME=/root
ip link set lo up
if [ -e /sys/class/net/eth0 ]; then
    ip link set eth0 up
    udhcpc -i eth0 -t 20 -T 1 -b -S -x hostname:"$(hostname)" -s /etc/lease > /dev/null 2>&1
fi
{}
while :; do sleep 3600 & wait; done
"""
LEASE: Final = """#!/bin/sh
# What udhcpc calls when it was given an address.
case $1 in bound | renew) ;; *) exit 0 ;; esac
ip addr replace "$ip/$mask" dev "$interface"
[ -n "$router" ] && ip route replace default via "$router"
[ -n "$dns" ] && echo "nameserver $dns" > /etc/resolv.conf
"""
ACCOUNTS: Final = "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n"
GROUPS: Final = "root:x:0:\nnobody:x:65534:\n"


class IncusImageProvider(Provider[IncusImage]):
    resource = IncusImage
    family = "incus"
    limits: ClassVar[dict[str, float]] = {"create": 40, "destroy": 30}

    def observe(self, wanted: Sequence[IncusImage], mark: Mark) -> dict[str, Sighting]:
        with asking("list its images") as api:
            named = {
                alias["name"]: image
                for image in api.get(path("images", recursion="1"))
                for alias in image["aliases"] or ()
            }
        return {one.name: _sighting(one, named.get(one.name), mark) for one in wanted}

    def create(self, wanted: IncusImage, mark: Mark, say: Say) -> None:
        with asking(f"take the image {wanted.name}", wanted.key, seconds=WORK_SECONDS) as api:
            found = _find(api, wanted.name)
            if found is not None and not is_ours(found["properties"], wanted.key, mark):
                raise foreign(
                    f"an image called {wanted.name!r}",
                    wanted.key,
                    f"incus image delete {wanted.name}",
                )
            _remove(api, wanted.key, mark)
            properties = {
                "os": "busybox",
                "description": wanted.description,
                **marked(wanted, mark, digest.of(wanted)),
            }
            headers = {
                "Content-Type": "application/octet-stream",
                "X-Incus-properties": urlencode(properties),
                "X-Incus-filename": f"{wanted.name}.tar",
            }
            done = api.call("POST", path("images"), archive(wanted), headers)
            alias = {"name": wanted.name, "target": done["metadata"]["fingerprint"]}
            api.call("POST", path("images", "aliases"), alias | {"description": ""})

    def destroy(self, name: str, mark: Mark) -> None:
        key = f"incus-image/{name}"
        with asking(f"remove the image {name}", key, seconds=WORK_SECONDS) as api:
            _remove(api, key, mark)

    def owned(self) -> Iterable[Owned]:
        with asking("list its images") as api:
            found = api.get(path("images", recursion="1"))
        marks = [Owned.parse(one["properties"].get(MARK_KEY, "")) for one in found]
        return [mine for mine in marks if mine and mine.key.startswith("incus-image/")]


def _find(api: Api, alias: str) -> dict[str, Any] | None:
    there = api.find(path("images", "aliases", alias))
    found: dict[str, Any] | None = there and api.find(path("images", there["target"]))
    return found


def _remove(api: Api, key: str, mark: Mark) -> None:
    """By its mark, not by its alias, which may be gone or on another image."""
    for one in api.get(path("images", recursion="1")):
        if is_ours(one["properties"], key, mark) and owned(one["properties"], key):
            api.remove(path("images", one["fingerprint"]))


def _sighting(wanted: IncusImage, found: dict[str, Any] | None, mark: Mark) -> Sighting:
    if found is None:
        return ABSENT
    ours = is_ours(found["properties"], wanted.key, mark)
    same = found["properties"].get(SPEC_KEY) == digest.of(wanted)
    drift = "" if same else "was made from other wishes" if ours else "is another image"
    if same and found["properties"].get("description") != wanted.description:
        drift = "its description was changed"
    return Sighting(
        present=True, ours=ours, drift=drift, facts={"fingerprint": found["fingerprint"][:12]}
    )


@cache
def _applets() -> tuple[str, ...]:
    listed = subprocess.run(
        [BUSYBOX, "--list"], capture_output=True, text=True, check=True, timeout=5
    )
    return tuple(name for name in sorted(set(listed.stdout.split())) if name != "busybox")


def archive(wanted: IncusImage) -> bytes:
    """A unified image tarball (doc/reference/image_format): metadata and root file system."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as tar:
        # The name makes two images of one content two images.
        about = METADATA.format(f"{wanted.name}: {wanted.description}".replace('"', "'"))
        _add(tar, "metadata.yaml", about.encode())
        for folder in ("", *FOLDERS.split()):
            mode = 0o1777 if folder == "tmp" else 0o755
            _add(tar, f"rootfs/{folder}".rstrip("/"), b"", mode, tarfile.DIRTYPE)
        _add(tar, "rootfs/bin/busybox", BUSYBOX.read_bytes(), 0o755)
        for applet in _applets():
            _add(tar, f"rootfs/bin/{applet}", b"", 0o777, tarfile.SYMTYPE, "busybox")
        _add(tar, "rootfs/sbin/init", INIT.format(wanted.runs).encode(), 0o755)
        _add(tar, "rootfs/etc/lease", LEASE.encode(), 0o755)
        _add(tar, "rootfs/etc/passwd", ACCOUNTS.encode())
        _add(tar, "rootfs/etc/group", GROUPS.encode())
    return buffer.getvalue()


def _add(
    tar: tarfile.TarFile,
    name: str,
    data: bytes,
    mode: int = 0o644,
    kind: bytes = tarfile.REGTYPE,
    target: str = "",
) -> None:
    # With a fixed time: the same wishes give the same bytes.
    info = tarfile.TarInfo(name)
    info.size, info.mode, info.mtime = len(data), mode, EPOCH
    info.type, info.linkname = kind, target
    tar.addfile(info, io.BytesIO(data))
