"""The trees of control groups in the bench, without what daemons keep in them (agent side)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from lab_engine.kernel import mountinfo

OTHERS: Final = (
    "bench", "buildkit", "crio", "docker", "infralab", "init.scope", "k8s.io", "kubelet",
    "kubepods", "libpod", "lxc", "machine", "moby", "system.slice", "systemd", "user.slice",
)  # fmt: skip
"""What groups of daemons at the top of a tree begin with: Docker, libvirt, Incus, Kubernetes,
containerd, podman, systemd, and the leaf in which the bench's own processes are with cgroup v2."""


def trees() -> dict[str, list[str]]:
    """The folder of each mounted tree, with the controllers that it is for; `unified` for v2."""
    found: dict[str, list[str]] = {}
    for entry in mountinfo.mounts():
        if entry.fstype == "cgroup2":
            found[entry.target] = ["unified"]
        elif entry.fstype == "cgroup":
            told = [one for one in entry.super_options if one not in ("rw", "ro", "xattr")]
            found[entry.target] = [one for one in told if "=" not in one] or ["systemd"]
    return found


def groups() -> dict[str, dict[str, Path]]:
    """Path of a group to tree and folder, for those made by hand; parents before children."""
    found: dict[str, dict[str, Path]] = {}
    for tree in trees():
        for folder in _below(Path(tree)):
            found.setdefault(f"/{folder.relative_to(tree)}", {})[tree] = folder
    return dict(sorted(found.items()))


def _below(tree: Path) -> Iterator[Path]:
    try:
        tops = sorted(tree.iterdir())
    except OSError:
        return
    for top in tops:
        if top.is_dir() and not top.name.startswith(OTHERS):
            for where, _, _ in os.walk(top):
                yield Path(where)


def members(folder: Path) -> list[int]:
    """The processes in a group; none where it is gone meanwhile."""
    try:
        return [int(pid) for pid in (folder / "cgroup.procs").read_text().split()]
    except OSError:
        return []
