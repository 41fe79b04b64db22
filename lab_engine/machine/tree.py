"""A tree of Debian packages, made a disk by a `customize.sh`: the machine's, or a box's."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Final

from lab_engine import settings as settings_module
from lab_engine.bench import archive, build, mmdebstrap, recipe, scratch
from lab_engine.errors import ImageError

EPOCH: Final = 1735689600
"""No file of a system is younger: 2025-01-01."""
DPKG: Final = (
    "path-exclude=/usr/share/doc/*",
    "path-exclude=/usr/share/locale/*",
    "path-exclude=/usr/share/man/*",
    # The tree is thrown away when this is interrupted, so no package waits for the disk (dpkg(1)).
    "force-unsafe-io",
)
APT: Final = ('Acquire::Languages "none"', 'APT::Install-Recommends "false"')
OUT: Final = '"$1/tmp/infralab/out'
"""Where `customize.sh` leaves what it makes, in a hook's shell words; a quote is open."""


def make(
    work: Path,
    packages: Iterable[str],
    inputs: Mapping[str, bytes],
    hooks: Sequence[str],
    disk_mib: int,
    progress: build.Progress,
    before: Sequence[str] = (),
    keep: Sequence[str] = (),
) -> None:
    """Install the packages and run `customize.sh` of the inputs among them.

    Args:
        work: a folder for what passes.
        packages: Debian's names.
        inputs: the files that `customize.sh` works with, and itself, by name.
        hooks: shell commands after it, which take what it has left in `OUT`; the tree is their $1.
        disk_mib: the disk's size, which `customize.sh` finds in `INFRALAB_DISK_MIB`.
        progress: told what takes long.
        before: mmdebstrap's hooks that run first.
        keep: paths that are wanted of what `DPKG` leaves out.

    Raises:
        ImageError: a package could not be had, or a command failed.
    """
    files = {f"infralab/{name}": data for name, data in inputs.items()}
    (work / "inputs.tar").write_bytes(archive.tar_of(files))
    mirror = settings_module.load().mirror or recipe.host_mirror()
    words = [
        *mmdebstrap.words(packages, (*DPKG, *_kept(keep)), APT),
        "--format=null",
        f"--mode={'root' if os.geteuid() == 0 else 'unshare'}",
        *(f"--customize-hook={hook}" for hook in before),
        *mmdebstrap.customize(work / "inputs.tar", *hooks), recipe.SUITE, "/dev/null",
        *([mirror] if mirror else []),
    ]  # fmt: skip
    env = {"SOURCE_DATE_EPOCH": str(EPOCH), "INFRALAB_DISK_MIB": str(disk_mib)}
    with mmdebstrap.running(words, work, progress, env) as (process, follower):
        # Nothing comes but its end.
        assert process.stdout is not None
        process.stdout.read()
        if process.wait(timeout=60):
            raise mmdebstrap.failure(follower.tail)


def _kept(paths: Sequence[str]) -> list[str]:
    """Options of dpkg for paths, and for the folders above, which it would leave out, too."""
    wanted = [str(one) for path in paths for one in (path, *PurePosixPath(path).parents)]
    return [f"path-include={path}" for path in dict.fromkeys(wanted)]


def made_in(work: Path) -> Path:
    """A folder below `work` that the hooks may write to."""
    made = work / "made"
    made.mkdir()
    # Without root, the hooks run with ids of a user namespace.
    made.chmod(0o1777)
    return made


def lines(path: Path) -> list[str]:
    """The lines of a list in a recipe, without its comments."""
    text = path.read_text(encoding="ascii")
    return [line for line in text.splitlines() if not line.startswith("#")]


def check(work: Path, needed: int, what: str) -> None:
    """Refuse to begin where there is no room for `needed` bytes. Raises ImageError."""
    free = scratch.free_space(work)
    if free < needed:
        raise ImageError(
            f"building {what} needs {needed >> 30} GiB free in {work.parent}; there are "
            f"{free >> 20} MiB",
            hint="Free some space, then run it again.",
        )


def able(what: str) -> None:
    """Say what this user lacks for a build, before minutes are spent. Raises ImageError."""
    if not mmdebstrap.there() or not shutil.which("qemu-img"):
        raise ImageError(
            "mmdebstrap, Debian's keyring or qemu-img is missing on this computer, of which "
            f"{what} is made",
            hint="Install them: `sudo apt-get install mmdebstrap debian-archive-keyring qemu-utils "
            "uidmap`.",
        )
    if os.geteuid() != 0 and not shutil.which("newuidmap"):
        raise ImageError(
            f"without root, {what} is made in a user namespace, and newuidmap, which "
            "gives it its ids, is missing on this computer",
            hint="Install it: `sudo apt-get install uidmap`.",
        )
