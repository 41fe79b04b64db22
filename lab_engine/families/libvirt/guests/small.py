"""The small guest: Debian's cloud kernel, busybox and the guest agent, all in memory.

It is built from files that the bench image carries: the kernel and its modules below
`/usr/lib/infralab/guest`, and programs of the bench itself. The same inputs give the same bytes.
"""

from __future__ import annotations

import fcntl
import hashlib
import lzma
import re
import subprocess
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Final

from lab_engine.common import replacing
from lab_engine.errors import ProviderError
from lab_engine.families.libvirt.guests.archive import Tree
from lab_engine.families.libvirt.resources import SMALL_INITRAMFS, SMALL_KERNEL

KERNEL: Final = Path(SMALL_KERNEL)
INITRAMFS: Final = Path(SMALL_INITRAMFS)
KERNEL_FOLDER: Final = KERNEL.parent
ARGUMENTS: Final = (
    "console=ttyS0", "quiet", "panic=-1", "cryptomgr.notests", "mitigations=off", "no_timer_check",
)  # fmt: skip
"""Kernel arguments. The self-tests of the crypto code cost a fifth of an emulated boot. On a busy
machine an emulated timer comes late; a kernel that checks it says "MP-BIOS bug: 8254 timer not
connected to IO-APIC" (seen at a load of 20) and may panic. Under KVM a guest does not check it
(arch/x86/kernel/kvm.c)."""

_HERE: Final = Path(__file__).parent
_FORMAT: Final = 1
"""Goes up when the same inputs are put together in another way."""
_SCRIPTS: Final = {
    "init.sh": "init",
    "device.sh": "usr/libexec/device",
    "lease.sh": "usr/libexec/lease",
    "agent.sh": "usr/libexec/agent",
    "shutdown.sh": "sbin/shutdown",
}
_MODULES: Final = (
    "virtio_net", "virtio_blk", "virtio_balloon", "virtio-rng", "button", "evdev", "loop", "vfat",
)  # fmt: skip
_PROGRAMS: Final = (
    "/usr/sbin/qemu-ga", "/usr/sbin/dropbear", "/usr/sbin/mke2fs", "/usr/sbin/resize2fs",
    "/usr/sbin/blkid",
)  # fmt: skip
_FILES: Final = {
    "etc/passwd": "root::0:0:root:/root:/bin/sh\n",
    "etc/group": "root:x:0:\ntty:x:5:\n",
    "etc/shadow": "root::19000:0:99999:7:::\n",
    "etc/shells": "/bin/sh\n",
    "etc/hostname": "small\n",
    "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
    "etc/profile": "export PATH=/usr/sbin:/usr/bin:/sbin:/bin\nexport PS1='\\u@\\h:\\w\\$ '\n",
    "etc/issue": "\nThe small guest of infralab. Log in as root; there is no password.\n\n",
}
_FOLDERS: Final = (
    "dev", "proc", "sys", "run", "tmp", "root", "mnt", "etc/dropbear", "var/log", "var/lib",
)  # fmt: skip


def release() -> str:
    """The version of the guest's kernel, as `uname -r` prints it in the guest."""
    return (KERNEL_FOLDER / "release").read_text(encoding="ascii").strip()


@cache
def recipe() -> str:
    """Sixteen hexadecimal digits that change with anything the guest is made of."""
    tables = (_FORMAT, release(), _FILES, _FOLDERS, _MODULES, _PROGRAMS, _SCRIPTS)
    digest = hashlib.sha256(repr(tables).encode())
    # Release and size stand for the kernel, which has 53 MB to read.
    digest.update(b"%d" % KERNEL.stat().st_size)
    for path in (
        *sorted((_HERE / "small_files").iterdir()),
        Path("/bin/busybox"),
        *map(Path, _PROGRAMS),
    ):
        digest.update(path.name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:16]


def build() -> bytes:
    """The initramfs as an uncompressed cpio archive.

    Raises:
        ProviderError: the bench image lacks something that the guest is made of.
    """
    tree = Tree()
    for folder in _FOLDERS:
        tree.folder(folder, 0o1777 if folder == "tmp" else 0o755)
    for path, text in _FILES.items():
        tree.file(path, text.encode(), 0o600 if path == "etc/shadow" else 0o644)
    tree.file("etc/inittab", inittab())
    for name, path in _SCRIPTS.items():
        tree.file(path, (_HERE / "small_files" / name).read_bytes(), 0o755)
    tree.link("etc/mtab", "/proc/mounts")
    tree.link("var/run", "/run")
    try:
        add_busybox(tree)
        for program in _PROGRAMS:
            _add_program(tree, program)
        add_modules(tree, _MODULES)
    except (OSError, subprocess.SubprocessError) as error:
        raise ProviderError(
            f"the small guest cannot be built: {error}",
            hint="The bench image is incomplete; `infralab setup` builds it again.",
        ) from error
    for name in ("ext2", "ext3", "ext4"):
        tree.link(f"sbin/mkfs.{name}", "/usr/sbin/mke2fs")
    tree.file("etc/mke2fs.conf", Path("/etc/mke2fs.conf").read_bytes())
    # Not compressed: at 9 MB that made no measurable difference to a boot.
    return tree.cpio()


def inittab() -> bytes:
    """What its init keeps running (busybox, init/init.c)."""
    return (_HERE / "small_files/inittab.txt").read_bytes()


def ensure() -> Path:
    """The initramfs's path; built first (a quarter of a second) when it is missing or old.

    Raises:
        ProviderError: it cannot be built or written.
    """
    stamp = INITRAMFS.with_suffix(".recipe")
    if _read(stamp) == recipe() and INITRAMFS.exists():
        return INITRAMFS
    try:
        # Threads that make VMs at once, and `fill`, all want it; only the first has to build.
        with (KERNEL_FOLDER / "small.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if _read(stamp) == recipe() and INITRAMFS.exists():
                return INITRAMFS
            replacing.write(INITRAMFS, build())
            # Last: when this is cut short, the next one builds again.
            stamp.write_text(recipe(), encoding="ascii")
    except OSError as error:
        raise ProviderError(
            f"the small guest cannot be written to {INITRAMFS}: {error}",
            hint="`df -h` in the bench shows whether its disk is full.",
        ) from error
    return INITRAMFS


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii")
    except FileNotFoundError:
        return ""


def add_busybox(tree: Tree) -> None:
    """Busybox, and a link for each of its programs."""
    tree.file("bin/busybox", Path("/bin/busybox").read_bytes(), 0o755)
    listed = subprocess.run(
        ["/bin/busybox", "--list-full"], capture_output=True, text=True, check=True, timeout=10
    )
    for applet in listed.stdout.split():
        # A link called busybox would point at itself, and mke2fs of e2fsprogs knows ext4.
        if Path(applet).name not in ("busybox", "mke2fs", "linuxrc"):
            tree.link(applet, "/bin/busybox")


def _add_program(tree: Tree, program: str) -> None:
    tree.file(program, Path(program).read_bytes(), 0o755)
    listed = subprocess.run(
        ["ldd", program], capture_output=True, text=True, check=True, timeout=10
    )
    for library in re.findall(r"(/\S+\.so\S*) \(0x", listed.stdout):
        tree.file(library, Path(library).read_bytes(), 0o755)


def add_modules(tree: Tree, names: Sequence[str]) -> None:
    """The named modules with all they depend on, and the index that modprobe reads."""
    folder = KERNEL_FOLDER / "lib/modules" / release()
    lines = (folder / "modules.dep").read_text(encoding="utf-8").splitlines()
    needs = {path: rest.split() for path, _, rest in (line.partition(":") for line in lines)}
    by_name = {_module_name(path): path for path in needs}
    wanted = [by_name[_module_name(name)] for name in names if _module_name(name) in by_name]
    chosen: set[str] = set()
    while wanted:
        path = wanted.pop()
        if path not in chosen:
            chosen.add(path)
            wanted.extend(needs[path])
    target = f"lib/modules/{release()}"
    index: list[str] = []
    for path in sorted(chosen):
        data = (folder / path).read_bytes()
        plain = path.removesuffix(".xz")
        tree.file(f"{target}/{plain}", lzma.decompress(data) if plain != path else data)
        index.append(f"{plain}: {' '.join(need.removesuffix('.xz') for need in needs[path])}")
    tree.file(f"{target}/modules.dep", ("\n".join(index) + "\n").encode())


def _module_name(path: str) -> str:
    return Path(path).name.split(".", 1)[0].replace("-", "_")


if __name__ == "__main__":
    ensure()
