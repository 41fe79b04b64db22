"""The image of a node: a skeleton of folders. Its programs are the bench's, mounted read-only."""

from __future__ import annotations

import io
import tarfile
import threading
from pathlib import Path
from typing import Final

import docker.errors

from lab_engine.families.docker.agent.engine import (
    RESOURCE_LABEL,
    WORK_SECONDS,
    Api,
    asking,
)

REPOSITORY: Final = "infralab/machine"
TAG: Final = "1"
IMAGE: Final = f"{REPOSITORY}:{TAG}"
OWNER: Final = "node/of-all"
"""Whose the image is: no node has such a name, so none of its containers is taken for one."""
ENTRYPOINT: Final = "/usr/lib/infralab/bin/node-engine"
_PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_FOLDERS: Final = (
    *("dev", "etc/docker", "home", "mnt", "opt", "proc", "root", "run", "srv", "sys", "tmp", "usr"),
    *("var/lib/docker", "var/log", "var/tmp"),
)
_LINKS: Final = {name: f"usr/{name}" for name in ("bin", "sbin", "lib", "lib64")} | {
    "var/run": "/run",
    "var/lock": "/run/lock",
}
_FILES: Final = (
    *("alternatives", "bash.bashrc", "debian_version", "docker/daemon.json", "group"),
    *("ld.so.cache", "ld.so.conf", "ld.so.conf.d", "nsswitch.conf", "os-release", "passwd"),
    *("protocols", "services"),
)

_making = threading.Lock()


def folders() -> frozenset[str]:
    """The folders of a node as it is made, each by its path."""
    of_etc = [Path("etc", name) for name in _FILES if Path("/etc", name).is_dir()]
    whole = [*map(Path, _FOLDERS), *of_etc]
    return frozenset(f"/{up}" for one in whole for up in (one, *one.parents) if up.name)


def ensure() -> None:
    """Have the image. Raises DaemonDown, ProviderError."""
    with _making, asking("make the image of nodes", seconds=WORK_SECONDS) as api:
        if not _there(api):
            api.import_image_from_data(
                _archive(),
                repository=REPOSITORY,
                tag=TAG,
                changes=[
                    f'ENTRYPOINT ["{ENTRYPOINT}"]',
                    f"ENV PATH={_PATH}",
                    "ENV LANG=C.UTF-8",
                    f"LABEL {RESOURCE_LABEL}={OWNER}",
                ],
            )


def remove() -> None:
    """Take it away, unless a container of somebody's needs it."""
    with _making, asking("remove the image of nodes", seconds=WORK_SECONDS) as api:
        try:
            api.remove_image(IMAGE)
        except docker.errors.APIError:
            return


def _there(api: Api) -> bool:
    try:
        api.inspect_image(IMAGE)
    except docker.errors.NotFound:
        return False
    return True


def _archive() -> bytes:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as tar:
        for path in _FOLDERS:
            entry = tarfile.TarInfo(path)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o1777 if path.endswith("tmp") else 0o755
            tar.addfile(entry)
        for path, target in _LINKS.items():
            entry = tarfile.TarInfo(path)
            entry.type, entry.linkname = tarfile.SYMTYPE, target
            tar.addfile(entry)
        for name in _FILES:
            source = Path("/etc", name)
            if source.exists():
                # A link may lead to a file of the bench's own; links within a folder stay links.
                tar.add(source.resolve(), f"etc/{name}")
    return data.getvalue()
