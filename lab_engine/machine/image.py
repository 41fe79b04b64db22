"""The machine's system: a disk and a kernel, of Debian packages and the files in `recipe`.

The same packages give the same bytes: the file system is made from a tar that has no times of the
day in it, by the tree's own e2fsprogs. `manifest.json` beside them has their SHA-256.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Final

from lab_engine.bench import build, recipe, scratch
from lab_engine.common import digest, replacing
from lab_engine.errors import BenchError, ImageError
from lab_engine.machine import tree
from lab_engine.machine.place import Place

HERE: Final = Path(__file__).parent / "recipe"
DISK: Final = "disk.qcow2"
KERNEL: Final = "vmlinuz"
MANIFEST: Final = "manifest.json"
DISK_MIB: Final = 3072
"""As the guest sees it: 400 MB of it are the system's, the rest is room for what a start writes."""
NEEDED: Final = 3 << 30
"""Bytes that a build takes at its worst."""


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
    return digest.of([recipe.SUITE, DISK_MIB, tree.EPOCH, tree.DPKG, tree.APT, parts], 12)


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
    tree.able("the machine's system")
    with scratch.folder() as work, scratch.signals_as_interrupt():
        tree.check(work, NEEDED, "the machine")
        made = tree.made_in(work)
        hooks = (
            f'cp {tree.OUT}/{KERNEL}" {made}/{KERNEL}',
            f'qemu-img convert -q -f raw -O qcow2 -c -o compression_type=zstd {tree.OUT}/disk.raw"'
            f" {made}/{DISK}",
        )
        packages = tree.lines(HERE / "packages.txt")
        tree.make(work, packages, inputs(), hooks, DISK_MIB, progress)
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
