"""The disks that full guests live on: for each VM a layer of its own over the shared one."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from lab_engine.common import replacing
from lab_engine.errors import ProviderError
from lab_engine.families.libvirt.agent import marks
from lab_engine.families.libvirt.guests import full

FOLDER: Final = Path("/var/lib/infralab/vms")
_TOOL_SECONDS: Final = 60


def path(name: str) -> Path:
    """The layer of the VM `name`."""
    return FOLDER / f"{name}.qcow2"


def write(target: Path, mark: str, source: Path | None = None) -> None:
    """Make a layer: a fresh one, or a copy of `source`. It is marked before it has its name.

    Raises:
        ProviderError: the full guest was not made, or there is no room.
    """
    base = full.base()
    try:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with replacing.file(target, fresh=_half_made(target)) as fresh:
            if source is None:
                command = ["qemu-img", "create", "-q", "-f", "qcow2"]
                command += ["-b", str(base), "-F", "qcow2", str(fresh)]
                subprocess.run(command, check=True, capture_output=True, timeout=_TOOL_SECONDS)
            else:
                shutil.copyfile(source, fresh)
            if mark:
                marks.put_on_file(fresh, mark)
    except (OSError, subprocess.SubprocessError) as error:
        raise ProviderError(
            f"the VM's own disk cannot be written to {target}: {error}",
            hint="`df -h` in the bench shows whether its disk is full.",
        ) from error


def remove(name: str, mark: str) -> None:
    """Remove the layer of a VM if it bears the mark."""
    _half_made(path(name)).unlink(missing_ok=True)
    if marks.of_file(path(name)) == mark:
        path(name).unlink(missing_ok=True)


def _half_made(target: Path) -> Path:
    """Always the same, so that what a killed agent left goes with the layer."""
    return target.with_name(f".{target.name}.new")


def every_mark() -> Iterator[str]:
    """The marks of all layers."""
    if FOLDER.is_dir():
        yield from (marks.of_file(layer) for layer in FOLDER.iterdir())
