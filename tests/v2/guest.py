"""A whole machine with cgroup v2, systemd and Docker: made once, booted with this clone in it.

Everything happens in benches, which have mmdebstrap, QEMU and the guest's kernel; the host needs
what the kit needs anyway. The disk is kept in the cache folder, named after what it is made of.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from lab_engine import settings
from lab_engine.bench import image, recipe
from lab_engine.bench.container import Bench
from lab_engine.common import digest
from lab_engine.families.libvirt.guests import full
from lab_engine.packs import image as pack_images

ROOT: Final = Path(__file__).parents[2]
HERE: Final = Path(__file__).parent
PACKAGES: Final = ("docker.io", "docker-cli", "python3", "iptables", "apparmor", "procps", "tini")
KIT: Final = ("content", "lab_engine", "labs", "packs", "tests", "pyproject.toml")
FOLDER: Final = "/var/lib/infralab/v2"
"""In the bench, on a volume."""
PYTHON: Final = "/opt/infralab/venv/bin/python"
CPUS: Final = 2
BUILD_MIB: Final = 3072
RESULT_MIB: Final = 64
BUILD_SECONDS: Final = 1800
BOOT_SECONDS: Final = 9000

# Emulated, Python takes minutes to compile what the bench, of the same Debian, does in seconds.
_COMPILE: Final = """
cd "$0"; mkdir kit; tar -C kit -xf kit.raw; python3 -m compileall -q kit/lab_engine kit/labs
tar -C kit -cf kit.raw .; rm -r kit
"""

Say = Callable[[str], None]


@dataclass(frozen=True)
class Machine:
    """One to boot: which steps of `inside.py` it runs, on which packs, with how much memory."""

    name: str
    packs: tuple[str, ...] = ()
    memory: int = 3072
    """MiB; what a bench in it may take stands in `inside.py`."""


CGROUPS: Final = Machine("cgroups")
KUBERNETES: Final = Machine("kubernetes", ("kubernetes",), 6656)


def key(packs: Sequence[str] = ()) -> str:
    """Twelve hexadecimal digits that change with anything that goes onto the disk."""
    files = [HERE / "build.sh", ROOT / "requirements.lock", ROOT / "requirements-dev.lock"]
    files += [Path(full.__file__), *sorted((Path(full.__file__).parent / "full_files").iterdir())]
    tags = [pack_images.ensure([name]) for name in packs]
    return digest.of_files(files, (PACKAGES, image.base_tag(), *tags))[:12]


def disk(machine: Machine, say: Say) -> Path:
    """The guest's disk, built (some minutes) when it is missing; older ones are removed."""
    folder = settings.load().cache_dir / "v2"
    wanted = folder / f"{machine.name}-{key(machine.packs)}.qcow2"
    if wanted.exists():
        return wanted
    folder.mkdir(parents=True, exist_ok=True)
    mirror = settings.load().mirror or recipe.host_mirror()
    with (
        tempfile.TemporaryDirectory(dir=folder, prefix="build-") as scratch,
        _bench("build", BUILD_MIB, internet=True, say=say) as bench,
    ):
        say("saving the bench image")
        saved = pack_images.save(Path(scratch) / "image.tar", machine.packs, say)
        packages = Path(scratch) / "packages.tar"
        _python_packages(Path(scratch) / "packages", packages)
        _run(bench, ["mkdir", "-p", FOLDER])
        for path in (saved, packages, HERE / "build.sh"):
            _send(bench, path)
        command = ["sh", f"{FOLDER}/build.sh", FOLDER, *PACKAGES]
        env = {"INFRALAB_MIRROR": mirror} if mirror else {}
        _run(bench, command, seconds=BUILD_SECONDS, env=env, output=sys.stdout.buffer)
        partial = Path(scratch) / "root.qcow2"
        _fetch(bench, f"{FOLDER}/root.qcow2", partial)
        partial.replace(wanted)
    for old in folder.glob(f"{machine.name}-*.qcow2"):
        if old != wanted:
            old.unlink()
    return wanted


def boot(machine: Machine, root: Path, results: Path, log: Path, say: Say) -> str:
    """Boot the guest with this clone in it, until it powers itself off.

    Args:
        machine: what it is to be.
        root: its disk, which is left as it is.
        results: an empty folder for what the guest hands back.
        log: gets all that the guest writes to its serial console.
        say: told what happens.

    Returns:
        How QEMU ran it, and how long that took.
    """
    with tempfile.TemporaryDirectory() as scratch, _bench("run", machine.memory, say=say) as bench:
        kit, empty = Path(scratch) / "kit.tar", Path(scratch) / "results.raw"
        _pack(kit)
        with empty.open("wb") as file:
            file.truncate(RESULT_MIB << 20)
        _run(bench, ["mkdir", "-p", FOLDER])
        for path, name in ((root, "root.qcow2"), (kit, "kit.raw"), (empty, "results.raw")):
            _send(bench, path, name)
        _run(bench, ["sh", "-euc", _COMPILE, FOLDER])
        script = (
            "import sys; from pathlib import Path;"
            "from lab_engine.families.libvirt.guests import accelerator, full;"
            f"Path('{FOLDER}/initramfs.cpio').write_bytes(full.initramfs());"
            "print(accelerator.find().accelerator)"
        )
        lib = {"PYTHONPATH": "/opt/infralab/lib"}
        accelerator = _run(bench, [PYTHON, "-c", script], env=lib).decode().strip()
        say(f"booting {machine.memory} MiB, {CPUS} processors, {accelerator}; the log is {log}")
        start = time.monotonic()
        with log.open("wb") as file:
            _run(bench, _qemu(machine, accelerator), seconds=BOOT_SECONDS, output=file)
        seconds = time.monotonic() - start
        archive = Path(scratch) / "results.tar"
        _fetch(bench, f"{FOLDER}/results.raw", archive)
        with tarfile.open(archive) as tar:
            tar.extractall(results, filter="data")
    return f"{accelerator}, {seconds:.0f} s from power on to power off"


def _qemu(machine: Machine, accelerator: str) -> list[str]:
    told = (f"infralab.accelerator={accelerator}", f"infralab.machine={machine.name}")
    words = [
        "qemu-system-x86_64", "-accel", accelerator, "-smp", str(CPUS), "-m", str(machine.memory),
        "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-serial", "stdio",
        "-kernel", "/usr/lib/infralab/guest/vmlinux", "-initrd", f"{FOLDER}/initramfs.cpio",
        "-append", " ".join((*full.ARGUMENTS, *told)),
        "-device", "virtio-rng-pci",
    ]  # fmt: skip
    if accelerator == "kvm":
        words += ["-cpu", "host"]
    for name, form in (("root.qcow2", "qcow2"), ("kit.raw", "raw"), ("results.raw", "raw")):
        words += ["-drive", f"file={FOLDER}/{name},format={form},if=virtio,cache=unsafe"]
    return words


@contextmanager
def _bench(name: str, mib: int, *, say: Say, internet: bool = False) -> Iterator[Bench]:
    memory = (mib << 20) + (2 << 30)
    session = f"test-{os.getpid()}-v2{name}"
    bench = Bench.create(session, memory=memory, idle_seconds=0, internet=internet, progress=say)
    try:
        yield bench
    finally:
        bench.remove()


def _run(
    bench: Bench, argv: Sequence[str], *, seconds: float = 120, env: dict[str, str] | None = None,
    stdin: IO[bytes] | None = None, output: IO[bytes] | None = None,
) -> bytes:  # fmt: skip
    command = bench.exec_argv(argv, user="root", workdir="/", interactive=bool(stdin), env=env)
    done = subprocess.run(
        command,
        stdin=stdin or subprocess.DEVNULL,
        stdout=output or subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=seconds,
        check=False,
    )
    text = done.stdout or b""
    assert done.returncode == 0, f"{argv}: {done.returncode} {text.decode(errors='replace')}"
    return text


def _send(bench: Bench, path: Path, name: str = "") -> None:
    with path.open("rb") as file:
        script = 'cat > "$0"'
        target = f"{FOLDER}/{name or path.name}"
        _run(bench, ["sh", "-c", script, target], stdin=file, seconds=600)


def _fetch(bench: Bench, source: str, target: Path) -> None:
    with target.open("wb") as file:
        _run(bench, ["cat", source], output=file, seconds=600)


def _pack(target: Path) -> None:
    """This clone as a tar, as it is now."""
    with tarfile.open(target, "w") as tar:
        for name in KIT:
            tar.add(ROOT / name, name, filter=_kept)


def _kept(info: tarfile.TarInfo) -> tarfile.TarInfo | None:
    info.uid = info.gid = 0
    return None if "__pycache__" in info.name else info


def _python_packages(folder: Path, target: Path) -> None:
    """What the client and its tests need, for the guest's Python, as a tar."""
    for lock in ("requirements.lock", "requirements-dev.lock"):
        command = [
            sys.executable, "-m", "pip", "--no-input", "--quiet", "install", "--target",
            str(folder), "--no-deps", "--require-hashes", "--only-binary", ":all:", "--upgrade",
            "--python-version", recipe.PYTHON, "--implementation", "cp",
            *(f"--platform={platform}" for platform in recipe.PLATFORMS), "-r", str(ROOT / lock),
        ]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
        assert done.returncode == 0, done.stderr
    shutil.rmtree(folder / "bin", ignore_errors=True)
    with tarfile.open(target, "w") as tar:
        tar.add(folder, ".", filter=_kept)
