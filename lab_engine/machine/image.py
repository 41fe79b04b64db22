"""The machine's system: a disk and a kernel, of Debian packages and the files in `recipe`.

The same packages give the same bytes: the file system is made from a tar that has no times of the
day in it, by the tree's own e2fsprogs. `manifest.json` beside them has their SHA-256.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Final

from lab_engine import settings as settings_module
from lab_engine.bench import archive, build, mmdebstrap, recipe, scratch
from lab_engine.common import digest, replacing
from lab_engine.errors import BenchError, ImageError
from lab_engine.machine.place import Place

HERE: Final = Path(__file__).parent / "recipe"
DISK: Final = "disk.qcow2"
KERNEL: Final = "vmlinuz"
MANIFEST: Final = "manifest.json"
DISK_MIB: Final = 3072
"""As the guest sees it: 400 MB of it are the system's, the rest is room for what a start writes."""
EPOCH: Final = 1735689600
"""No file of the system is younger: 2025-01-01."""
NEEDED: Final = 3 << 30
"""Bytes that a build takes at its worst."""
_DPKG: Final = (
    "path-exclude=/usr/share/doc/*",
    "path-exclude=/usr/share/locale/*",
    "path-exclude=/usr/share/man/*",
    # The tree is thrown away when this is interrupted, so no package waits for the disk (dpkg(1)).
    "force-unsafe-io",
)
_APT: Final = ('Acquire::Languages "none"', 'APT::Install-Recommends "false"')


def inputs() -> dict[str, bytes]:
    """The recipe's files, by name."""
    return {
        path.relative_to(HERE).as_posix(): path.read_bytes()
        for path in sorted(HERE.rglob("*"))
        if path.is_file()
    }


def key() -> str:
    """Twelve hexadecimal digits that change with anything of ours that goes into the system."""
    parts = [(name, digest.of_bytes(data)) for name, data in inputs().items()]
    return digest.of([recipe.SUITE, DISK_MIB, EPOCH, _DPKG, _APT, parts], 12)


def folder(place: Place) -> Path:
    """Where the system of this version is, if it was made."""
    return place.images / key()


def there(place: Place) -> bool:
    """Whether the system of this version was made."""
    return (folder(place) / MANIFEST).exists()


def old(place: Place) -> list[Path]:
    """Those of other versions, and what a killed build has left."""
    wanted = folder(place)
    return sorted(path for path in place.images.glob("*") if path != wanted)


def verify(place: Place) -> None:
    """Compare disk and kernel with the hashes that were noted when they were made.

    Raises:
        BenchError: one of them is not what it was.
    """
    here = folder(place)
    try:
        noted = json.loads((here / MANIFEST).read_text(encoding="ascii"))["sha256"]
        changed = [name for name in (DISK, KERNEL) if _hash(here / name) != noted[name]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BenchError(
            f"the machine's system in {here} cannot be read: {error}", hint=_AGAIN
        ) from error
    if changed:
        raise BenchError(
            f"{' and '.join(changed)} in {here} is not what it was when it was made", hint=_AGAIN
        )


_AGAIN: Final = "Make it again: `infralab machine remove`, then `infralab machine create`."


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return digest.of_file(file)


def make(place: Place, progress: build.Progress) -> None:
    """Build disk and kernel: a minute or two beside a near mirror.

    Raises:
        ImageError: something is missing on this computer, or the build failed.
    """
    _able()
    chosen = settings_module.load()
    mirror = chosen.mirror or recipe.host_mirror()
    with scratch.folder() as work, scratch.signals_as_interrupt():
        if scratch.free_space(work) < NEEDED:
            raise ImageError(
                f"building the machine needs {NEEDED >> 30} GiB free in {work.parent}; there are "
                f"{scratch.free_space(work) >> 20} MiB",
                hint="Free some space, then run it again.",
            )
        files = {f"infralab/{name}": data for name, data in inputs().items()}
        (work / "inputs.tar").write_bytes(archive.tar_of(files))
        made = work / "made"
        made.mkdir()
        # Without root, the hooks run with ids of a user namespace.
        made.chmod(0o1777)
        out = '"$1/tmp/infralab/out'
        after = (
            f'cp {out}/{KERNEL}" {made}/{KERNEL}',
            f'qemu-img convert -q -f raw -O qcow2 -c -o compression_type=zstd {out}/disk.raw"'
            f" {made}/{DISK}",
        )
        packages = [line for line in _lines("packages.txt") if not line.startswith("#")]
        words = [
            *mmdebstrap.words(packages, _DPKG, _APT), "--format=null",
            f"--mode={'root' if os.geteuid() == 0 else 'unshare'}",
            *mmdebstrap.customize(work / "inputs.tar", *after), recipe.SUITE, "/dev/null",
            *([mirror] if mirror else []),
        ]  # fmt: skip
        env = {"SOURCE_DATE_EPOCH": str(EPOCH), "INFRALAB_DISK_MIB": str(DISK_MIB)}
        with mmdebstrap.running(words, work, progress, env) as (process, follower):
            # Nothing comes but its end.
            assert process.stdout is not None
            process.stdout.read()
            if process.wait(timeout=60):
                raise mmdebstrap.failure(follower.tail)
        progress("keeping the machine's system")
        _keep(place, made)


def _keep(place: Place, made: Path) -> None:
    try:
        place.images.mkdir(mode=0o700, parents=True, exist_ok=True)
        with replacing.folder(folder(place), mode=0o700) as fresh:
            for name in (DISK, KERNEL):
                shutil.copyfile(made / name, fresh / name)
                (fresh / name).chmod(0o400)
            noted = {
                "suite": recipe.SUITE,
                "sha256": {name: _hash(fresh / name) for name in (DISK, KERNEL)},
            }
            (fresh / MANIFEST).write_text(json.dumps(noted, indent=2) + "\n", encoding="ascii")
    except OSError as error:
        raise ImageError(
            f"the machine's system cannot be kept in {place.images}: {error}",
            hint="Free some space there, then run it again.",
        ) from error


def _lines(name: str) -> list[str]:
    return (HERE / name).read_text(encoding="ascii").splitlines()


def _able() -> None:
    """Say what this user lacks for a build, before minutes are spent."""
    if not mmdebstrap.there() or not shutil.which("qemu-img"):
        raise ImageError(
            "mmdebstrap, Debian's keyring or qemu-img is missing on this computer, of which the "
            "machine's system is made",
            hint="Install them: `sudo apt-get install mmdebstrap debian-archive-keyring qemu-utils "
            "uidmap`.",
        )
    if os.geteuid() != 0 and not shutil.which("newuidmap"):
        raise ImageError(
            "without root, the machine's system is made in a user namespace, and newuidmap, which "
            "gives it its ids, is missing on this computer",
            hint="Install it: `sudo apt-get install uidmap`.",
        )
