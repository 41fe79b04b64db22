"""What a snapshot holds: a file of a disk as it was then, read from the image (agent side).

The disk alone is looked at. What the guest had changed and not yet written was in its memory.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree as ET

import msgspec

from lab_engine.common.probe import Probe
from lab_engine.errors import ProviderError
from lab_engine.families.libvirt.agent import volumes
from lab_engine.families.libvirt.agent.connection import connect, found, told
from lab_engine.families.libvirt.agent.parsed import parsed
from lab_engine.families.libvirt.probes.storage import SnapshotFileProbe, SnapshotFileReading

_LIMIT: Final = 64 << 10
_SECONDS: Final = 20.0
# e2fsck(8): 1 says that something was put right, as is meant here.
_REPLAYED: Final = (0, 1)


def snapshot_file(probe: SnapshotFileProbe) -> SnapshotFileReading:
    with told(f"looking at the snapshot {probe.snapshot}"):
        it = found(connect().lookupByName, probe.domain)
        taken = None if it is None else found(it.snapshotLookupByName, probe.snapshot)
        if it is None or taken is None:
            return SnapshotFileReading(exists=False)
        path = _disk(parsed(it.XMLDesc()), probe.target)
        when = parsed(taken.getXMLDesc()).findtext("creationTime", "")
    if not path:
        return SnapshotFileReading(exists=False)
    there, text = _read(path, Path(path).stat().st_ino, probe.snapshot, when, probe.path)
    return SnapshotFileReading(holds=there, text=text)


def _disk(domain: ET.Element, target: str) -> str:
    for disk in domain.findall("devices/disk"):
        end, source = disk.find("target"), disk.find("source")
        if end is None or source is None or end.get("dev") != target:
            continue
        if path := source.get("file") or source.get("dev"):
            return path
        facts = volumes.find(source.get("volume", ""), source.get("pool", ""))
        return facts.path if facts else ""
    return ""


@lru_cache(maxsize=32)
def _read(disk: str, inode: int, snapshot: str, when: str, path: str) -> tuple[bool, str]:
    """A file in an internal snapshot; what one holds does not change as long as it is there.

    Raises ProviderError when the image or its filesystem cannot be read.
    """
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        copy = f"{folder}/disk"
        # -U: the VM has the image locked. The tables of a snapshot stay as they are meanwhile.
        _run(
            "qemu-img", "convert", "-U", "-l", f"snapshot.name={snapshot}", "-O", "raw", disk, copy
        )
        # What the guest had committed may still be in the journal alone.
        _run("e2fsck", "-y", "-E", "journal_only", copy, codes=_REPLAYED)
        _run("debugfs", "-R", f"dump {path} {folder}/file", copy)
        out = Path(folder) / "file"
        # debugfs ends with 0 also where there is no such file, and makes none then.
        if not out.exists():
            return False, ""
        return True, out.read_bytes()[:_LIMIT].decode(errors="replace")


def _run(*argv: str, codes: tuple[int, ...] = (0,)) -> None:
    done = subprocess.run(
        argv,
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    if done.returncode not in codes:
        raise ProviderError(
            f"{argv[0]} ends with {done.returncode}: {done.stderr.strip()[-300:]}",
            hint="The disk of the VM cannot be read; begin the step anew.",
        )


READERS: dict[type[Probe[Any]], Callable[[Any], msgspec.Struct]] = {
    SnapshotFileProbe: snapshot_file
}
