"""Makes disks: volumes of a pool, blank, with a file system, or based on another one.

A volume is written under another name in the pool's folder, marked, and only then renamed, so that
nothing half-made ever has its name, and nothing unmarked is ever left.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, ClassVar, Final

from lab_engine.common import replacing
from lab_engine.common.resource import Resource
from lab_engine.errors import ProviderError
from lab_engine.families.libvirt.agent import marks, volumes
from lab_engine.families.libvirt.agent.connection import connect, found, told
from lab_engine.families.libvirt.agent.pool import FOLDER, path_of
from lab_engine.families.libvirt.resources import Disk
from lab_engine.families.provider import ABSENT, Mark, Owned, Provider, Say, Sighting

_HALF_MADE: Final = ".infralab-"
_TOOL_SECONDS: Final = 60


class DiskProvider(Provider[Disk]):
    """Volumes whose mark is an attribute of their file."""

    resource: ClassVar[type[Resource]] = Disk
    family: ClassVar[str] = "libvirt"

    def observe(self, wanted: Sequence[Disk], mark: Mark) -> dict[str, Sighting]:
        seen: dict[str, Sighting] = {}
        with told("looking for disks"):
            for disk in wanted:
                volume = volumes.find(disk.name, disk.pool)
                seen[disk.name] = ABSENT if volume is None else _sighting(disk, volume, mark)
        return seen

    def create(self, wanted: Disk, mark: Mark, say: Say) -> None:
        with told("looking for its pool", wanted.key):
            pool = found(connect().storagePoolLookupByName, wanted.pool)
            if pool is None or not pool.isActive():
                raise ProviderError(f"the pool {wanted.pool} does not run", resource=wanted.key)
            folder = Path(path_of(pool))
        target = folder / wanted.name
        if target.exists() and marks.of_file(target) != mark.text(wanted.key):
            raise ProviderError(
                f"{target} is there already, and it is not of this lesson",
                resource=wanted.key,
                hint=f"`virsh vol-delete {wanted.name} {wanted.pool}` removes it.",
            )
        self.destroy(wanted.name, mark)
        half_made = folder / f"{_HALF_MADE}{wanted.name}"
        try:
            half_made.unlink(missing_ok=True)
            with replacing.file(target, fresh=half_made) as fresh:
                self._write(wanted, fresh)
                marks.put_on_file(fresh, mark.text(wanted.key))
        except (OSError, subprocess.SubprocessError) as error:
            raise ProviderError(
                f"cannot be written to {folder}: {_reason(error)}",
                resource=wanted.key,
                hint="`df -h` in the bench shows whether its disk is full.",
            ) from error
        with told("making its pool see it", wanted.key):
            volumes.refresh(pool)

    def _write(self, disk: Disk, path: Path) -> None:
        if disk.filesystem:
            self._write_filesystem(disk, path)
            return
        command = ["qemu-img", "create", "-q", "-f", disk.format]
        if disk.backing:
            backing = volumes.find(disk.backing)
            if backing is None:
                raise ProviderError(f"there is no disk {disk.backing}", resource=disk.key)
            # qemu-img wants the format said: one guessed from the content could be forged by a
            # guest.
            command += ["-b", backing.path, "-F", backing.format]
        command.append(str(path))
        if disk.size:
            command.append(f"{disk.size}M")
        _run(command)

    @staticmethod
    def _write_filesystem(disk: Disk, path: Path) -> None:
        with tempfile.TemporaryDirectory(prefix="infralab-disk-") as scratch:
            tree = Path(scratch)
            for name, text in disk.files.items():
                file = tree / name
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text, encoding="utf-8")
            raw = path.with_name(f"{path.name}.raw") if disk.format != "raw" else path
            try:
                _run([
                    "mke2fs", "-q", "-F", "-t", disk.filesystem, "-L", disk.label,
                    "-E", "root_owner=0:0", "-d", scratch, str(raw), f"{disk.size}M",
                ])  # fmt: skip
                if raw != path:
                    _run(["qemu-img", "convert", "-q", "-f", "raw", "-O", disk.format,
                          str(raw), str(path)])  # fmt: skip
            finally:
                if raw != path:
                    raw.unlink(missing_ok=True)

    def destroy(self, name: str, mark: Mark) -> None:
        key = f"{Disk.kind()}/{name}"
        connection = connect()
        with told("removing it", key):
            for pool in connection.listAllStoragePools(0):
                folder = Path(path_of(pool))
                # What a killed agent left half-made.
                for half in (f"{_HALF_MADE}{name}", f"{_HALF_MADE}{name}.raw"):
                    (folder / half).unlink(missing_ok=True)
                if marks.of_file(folder / name) == mark.text(key):
                    (folder / name).unlink(missing_ok=True)
                    volumes.refresh(pool)
        # A pool that is not defined any more still has its folder.
        for path in FOLDER.glob(f"*/{name}"):
            if marks.of_file(path) == mark.text(key):
                path.unlink(missing_ok=True)

    def owned(self) -> Iterable[Owned]:
        with told("listing disks"):
            folders = {Path(path_of(pool)) for pool in connect().listAllStoragePools(0)}
        if FOLDER.is_dir():
            folders.update(FOLDER.iterdir())
        texts = [
            marks.of_file(path)
            for folder in folders
            if folder.is_dir()
            for path in folder.iterdir()
        ]
        return [owned for text in texts if (owned := Owned.parse(text)) is not None]


def _sighting(wanted: Disk, volume: volumes.VolumeFacts, mark: Mark) -> Sighting:
    ours = marks.of_file(volume.path) == mark.text(wanted.key)
    drift = ""
    backing = volumes.find(wanted.backing) if wanted.backing else None
    size = wanted.size << 20 or (backing.capacity if backing else 0)
    if ours and volume.capacity != size:
        drift = f"has {volume.capacity >> 20} MiB, wanted {size >> 20}"
    elif ours and volume.format != wanted.format:
        drift = f"has the format {volume.format}, wanted {wanted.format}"
    elif ours and volume.backing != (backing.path if backing else ""):
        drift = f"is based on {volume.backing or 'nothing'}, wanted {wanted.backing or 'nothing'}"
    return Sighting(present=True, ours=ours, drift=drift, facts={"path": volume.path})


def _run(command: list[str]) -> None:
    subprocess.run(command, capture_output=True, check=True, timeout=_TOOL_SECONDS)


def _reason(error: Exception) -> str:
    if isinstance(error, subprocess.CalledProcessError):
        text: Any = error.stderr
        return str(text.decode(errors="replace")).strip() or str(error)
    return str(error)
