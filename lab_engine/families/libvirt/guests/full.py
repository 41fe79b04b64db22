"""The full guest: Debian with systemd, ssh, Python and the guest agent, on a disk.

It is made on demand, once, in the container that may write the cache volume and reach the Internet:
`python -m lab_engine.families.libvirt.guests.full [--add PACKAGE …]`. VMs get a layer of their own
on the disk.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Final

from lab_engine.common import digest, replacing
from lab_engine.errors import InfralabError, ProviderError
from lab_engine.families.libvirt.guests import small
from lab_engine.families.libvirt.guests.archive import Tree

FOLDER: Final = Path("/var/cache/infralab/guests")
SUITE: Final = "trixie"
# As the guest sees it; qcow2 takes room only for what is written, about 355 MB (measured).
DISK_MIB: Final = 8192
ARGUMENTS: Final = (
    *small.ARGUMENTS, "root=/dev/vda", "rw", "net.ifnames=0", "systemd.show_status=false",
)  # fmt: skip
PACKAGES: Final = (
    "systemd-sysv", "systemd-resolved", "dbus", "udev", "openssh-server", "qemu-guest-agent",
    "python3-minimal", "iproute2", "iputils-ping", "kmod", "procps", "sudo", "curl",
    "ca-certificates", "util-linux-extra", "nano", "less",
)  # fmt: skip
_LEFT_OUT: Final = ("man", "doc", "locale", "info", "lintian")
_MASKED: Final = (
    "apt-daily.timer", "apt-daily-upgrade.timer", "dpkg-db-backup.timer", "e2scrub_all.timer",
    "e2scrub_reap.service", "fstrim.timer", "getty@tty1.service", "systemd-binfmt.service",
    "systemd-networkd-wait-online.service", "systemd-pstore.service", "systemd-timesyncd.service",
    "systemd-firstboot.service", "sys-kernel-debug.mount", "sys-kernel-tracing.mount",
)  # fmt: skip
_HOST_KEY: Final = "/etc/ssh/ssh_host_ed25519_key"
_HERE: Final = Path(__file__).parent
_FORMAT: Final = 1
"""Goes up when the same inputs are put together in another way."""


@cache
def recipe() -> str:
    """Sixteen hexadecimal digits that change with anything of ours that goes into the guest."""
    tables = (_FORMAT, small.release(), SUITE, DISK_MIB, PACKAGES, _LEFT_OUT, _MASKED, _HOST_KEY)
    return digest.of_files(sorted((_HERE / "full_files").iterdir()), tables)[:16]


def folder() -> Path:
    """Where the guest's `root.qcow2` and `initramfs.cpio` are, if it was made."""
    return FOLDER / f"full-{recipe()}"


def base() -> Path:
    """The disk that VMs put their layer on.

    Raises:
        ProviderError: the guest was not made on this machine.
    """
    disk = folder() / "root.qcow2"
    if not disk.exists():
        raise ProviderError(
            "the full guest was not made on this machine",
            hint="It is made by `infralab setup --full-guest`, in some minutes.",
        )
    return disk


def build(extra: Sequence[str] = ()) -> Path:
    """Make the guest if it is missing, and return its folder. Those of older recipes are removed.

    Raises:
        ProviderError: packages could not be had, or there is no room.
    """
    done = folder()
    if (done / "root.qcow2").exists() and not extra:
        return done
    try:
        with (
            replacing.folder(done) as fresh,
            tempfile.TemporaryDirectory(prefix="infralab-full-") as scratch,
        ):
            root = Path(scratch) / "root"
            tree(root, extra)
            _say("disk")
            raw = Path(scratch) / "root.raw"
            # Filled without being mounted: that would take a loop device, and those are the host's.
            _run("mke2fs", "-q", "-t", "ext4", "-L", "root", "-d", str(root), str(raw),
                 f"{DISK_MIB}M")  # fmt: skip
            _run("qemu-img", "convert", "-q", "-f", "raw", "-O", "qcow2", str(raw),
                 str(fresh / "root.qcow2"))  # fmt: skip
            (fresh / "initramfs.cpio").write_bytes(initramfs())
    except (OSError, subprocess.SubprocessError) as error:
        text = getattr(error, "stderr", b"") or b""
        raise ProviderError(
            f"the full guest cannot be made: {error} {text.decode(errors='replace')[-800:]}",
            hint="It needs the Debian mirror and 3 GB of room; then try again.",
        ) from error
    for old in FOLDER.glob("full-*"):
        if old != done:
            shutil.rmtree(old, ignore_errors=True)
    return done


def tree(root: Path, extra: Sequence[str] = ()) -> None:
    """Put the guest's files below `root`: Debian's packages and `extra` ones, modules, settings.

    Raises:
        OSError, subprocess.SubprocessError: packages could not be had, or there is no room.
    """
    _say("packages (some minutes)")
    _debian(root, extra)
    _say("settings")
    _configure(root)


def _debian(root: Path, extra: Sequence[str]) -> None:
    command = ["mmdebstrap", "--variant=minbase", "--mode=root", "--format=directory"]
    command += [f"--dpkgopt=path-exclude=/usr/share/{name}/*" for name in _LEFT_OUT]
    # The tree is thrown away when this is interrupted, so no package needs to wait for the disk
    # (dpkg(1)).
    command += ["--dpkgopt=force-unsafe-io", f"--include={','.join((*PACKAGES, *extra))}"]
    command += [SUITE, str(root)]
    if mirror := os.environ.get("INFRALAB_MIRROR"):
        command.append(mirror)
    _run(*command)


def _configure(root: Path) -> None:
    modules = f"lib/modules/{small.release()}"
    # Below usr: /lib is a link to it in Debian.
    shutil.copytree(small.KERNEL_FOLDER / modules, root / "usr" / modules, dirs_exist_ok=True)
    (root / "etc/hostname").write_text("full\n")
    (root / "etc/hosts").write_text("127.0.0.1 localhost\n")
    (root / "etc/fstab").write_text("/dev/vda / ext4 defaults,noatime 0 1\n")
    # With this word systemd draws an id at the first boot (machine-id(5)).
    (root / "etc/machine-id").write_text("uninitialized\n")
    network = root / "etc/systemd/network/10-all.network"
    network.write_bytes((_HERE / "full_files/network.txt").read_bytes())
    (root / "etc/modules-load.d/infralab.conf").write_text("virtio_net\nvirtio_balloon\n")
    units = root / "etc/systemd/system"
    for unit in _MASKED:
        (units / unit).unlink(missing_ok=True)
        (units / unit).symlink_to("/dev/null")
    for key in (root / "etc/ssh").glob("ssh_host_*"):
        key.unlink()
    # The key is made at the first boot, so that no two machines share one; one kind, since an
    # emulated processor takes most of a minute for an RSA key.
    (root / "etc/ssh/sshd_config.d/infralab.conf").write_text(f"HostKey {_HOST_KEY}\n")
    drop_in = units / "ssh.service.d"
    drop_in.mkdir(exist_ok=True)
    (drop_in / "keys.conf").write_text(
        "[Service]\nExecStartPre=\n"
        f"ExecStartPre=sh -c '[ -e {_HOST_KEY} ] ||"
        f' ssh-keygen -q -t ed25519 -N "" -f {_HOST_KEY}\'\n'
        "ExecStartPre=sshd -t\n"
    )
    _run("chroot", str(root), "passwd", "-d", "root")
    _run("chroot", str(root), "systemctl", "enable", "systemd-networkd", "systemd-resolved", "ssh",
         "serial-getty@ttyS0")  # fmt: skip


def initramfs() -> bytes:
    """What finds the disk and starts the system on it, as an uncompressed cpio archive."""
    files = Tree()
    for name in ("dev", "proc", "sys", "system"):
        files.folder(name)
    files.file("init", (_HERE / "full_files/init.sh").read_bytes(), 0o755)
    small.add_busybox(files)
    # A module only in Debian's cloud kernel: without it the kernel does not find its own disk.
    small.add_modules(files, ("virtio_blk",))
    return files.cpio()


def _run(*command: str) -> None:
    # mmdebstrap took 147 s beside a near mirror (measured); a learner's line may be far slower.
    subprocess.run(command, check=True, capture_output=True, timeout=1800)


def _say(text: str) -> None:
    sys.stdout.write(f"full guest: {text}\n")
    sys.stdout.flush()


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m lab_engine.families.libvirt.guests.full")
    parser.add_argument("--add", nargs="*", default=[], metavar="PACKAGE")
    try:
        made = build(parser.parse_args(argv).add)
    except InfralabError as error:
        sys.stderr.write(f"{error.message}\n{error.hint}\n")
        return error.exit_code
    _say(f"{(made / 'root.qcow2').stat().st_size >> 20} MiB in {made}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
