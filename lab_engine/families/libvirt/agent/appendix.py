"""The files that a small guest has besides its own, which come again at every start.

The kernel unpacks one archive after the other when they stand behind each other in one file
(its Documentation/driver-api/early-userspace/buffer-format.rst), and the later one wins. So a VM
with files has an initramfs of its own: that of all small guests, and a short archive behind it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from lab_engine.common import replacing
from lab_engine.errors import ProviderError
from lab_engine.families.libvirt.agent import marks
from lab_engine.families.libvirt.guests import small
from lab_engine.families.libvirt.guests.agent_channel import AgentChannel
from lab_engine.families.libvirt.guests.archive import Tree
from lab_engine.families.libvirt.resources import VM

FOLDER: Final = Path("/var/lib/infralab/initramfs")
START: Final = "etc/rc.local"
_SECONDS: Final = 20.0
# busybox init reads this once; `once` runs without holding up what comes after it.
_ENTRY: Final = f"::once:/{START}\n"
_UNPACK: Final = f"""
cd /
# Not inittab: this guest's init has read its own, and is told of no other.
cpio -idu --quiet
[ -x /{START} ] || exit 0
setsid /{START} > /dev/null 2>&1 < /dev/null &
# Servers that it starts are part of the start state. What goes on by itself is not waited for.
for i in 1 2 3 4 5 6 7 8 9 10; do kill -0 $! 2> /dev/null || break; sleep 0.2; done
"""


def archive(files: dict[str, str]) -> bytes:
    """The archive that is put behind the small guest's own."""
    tree = Tree()
    for path, text in files.items():
        executable = text.startswith("#!") or path == START
        tree.file(path, text.encode(), 0o755 if executable else 0o644)
    if START in files:
        tree.file("etc/inittab", small.inittab() + _ENTRY.encode())
    return tree.cpio()


def path(vm: VM) -> Path:
    """The initramfs of a VM: the common one unless it has files."""
    return FOLDER / f"{vm.name}.cpio" if vm.files else small.INITRAMFS


def write(vm: VM, mark: str) -> None:
    """Make the initramfs of a VM with files, marked. Raises ProviderError when there is no room."""
    if not vm.files:
        return
    target = path(vm)
    try:
        target.parent.mkdir(mode=0o711, parents=True, exist_ok=True)
        with replacing.file(target, fresh=_half_made(target)) as fresh:
            fresh.write_bytes(small.ensure().read_bytes() + archive(vm.files))
            marks.put_on_file(fresh, mark)
    except OSError as error:
        raise ProviderError(
            f"the initramfs of the VM cannot be written to {target}: {error}",
            hint="`df -h` in the bench shows whether its disk is full.",
        ) from error


def unpack(vm: VM, channel: AgentChannel) -> None:
    """Put the files into a guest that was restored, and run what runs at a start."""
    if not vm.files:
        return
    result = channel.script(_UNPACK, stdin=archive(vm.files), seconds=_SECONDS)
    if result.code:
        raise ProviderError(
            f"its files could not be put into the guest: {result.err.strip()}", resource=vm.key
        )


def remove(name: str, mark: str) -> None:
    """Remove the initramfs of a VM if it bears the mark."""
    target = FOLDER / f"{name}.cpio"
    _half_made(target).unlink(missing_ok=True)
    if marks.of_file(target) == mark:
        target.unlink(missing_ok=True)


def every_mark() -> list[str]:
    """The marks of all of them."""
    return [marks.of_file(file) for file in FOLDER.iterdir()] if FOLDER.is_dir() else []


def _half_made(target: Path) -> Path:
    """Always the same, so that what a killed agent left goes with the rest."""
    return target.with_name(f".{target.name}.new")
