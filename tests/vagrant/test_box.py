"""A box of ours from `infralab machine box` to `vagrant destroy`, in a bench with libvirt.

On demand (`./infralab test --v2 tests/vagrant`): emulated, it takes about an hour. A box that is
there already is taken with `INFRALAB_TEST_BOX=FILE`.
"""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab_engine.bench.container import Bench
from lab_engine.machine import kit
from lab_engine.packs import image

LIMIT = 10800
BENCH_GIB = 7
VM_MIB = 4096
HOME = "/var/lib/infralab/vagrant"
"""On a volume: a box has more than the container's own layer should."""
LESSON = "docker-networking"
ENV = {
    "HOME": HOME,
    "INFRALAB_VM_BOX": "infralab",
    "INFRALAB_VM_EMULATED": "1",
    "INFRALAB_VM_MEMORY": str(VM_MIB),
    "LIBVIRT_DEFAULT_URI": "qemu:///system",
    "VAGRANT_CHECKPOINT_DISABLE": "1",
    "VAGRANT_DEFAULT_PROVIDER": "libvirt",
}
LEFT = "virsh list --all --name; virsh net-list --all --name; ls /var/lib/libvirt/images"
REMOVE_BOX = (
    "vagrant box remove infralab && virsh vol-list default | awk '/_vagrant_box_/ {print $1}' | "
    "xargs -rn1 virsh vol-delete --pool default"
)
pytestmark = [pytest.mark.v2, pytest.mark.slow, pytest.mark.timeout(LIMIT)]


class Host:
    """The computer on which somebody works with Vagrant: a bench."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench

    def run(
        self, script: str, *, seconds: float = 300, stdin: bytes | Path | None = None
    ) -> tuple[int, str]:
        command = self.bench.exec_argv(
            ["timeout", "-k", "10", str(int(seconds)), "bash", "-c", script],
            user="root", workdir="/", interactive=stdin is not None, env=ENV,
        )  # fmt: skip
        source = stdin.open("rb") if isinstance(stdin, Path) else io.BytesIO(stdin or b"")
        with source, tempfile.TemporaryFile() as plain:
            if isinstance(stdin, bytes):
                plain.write(stdin)
                plain.seek(0)
            done = subprocess.run(
                command,
                stdin=source if isinstance(stdin, Path) else plain,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=seconds + 60,
                check=False,
            )
        text = done.stdout.decode(errors="replace")
        print(f"$ {script}\n{text[-4000:]}\n({done.returncode})", flush=True)
        return done.returncode, text

    def must(self, script: str, *, seconds: float = 300, stdin: bytes | Path | None = None) -> str:
        code, text = self.run(script, seconds=seconds, stdin=stdin)
        assert code == 0, f"{script}: {code}\n{text[-4000:]}"
        return text

    def vagrant(self, words: str, *, seconds: float = 600) -> str:
        return self.must(f"cd {HOME}/kit/vagrant && vagrant {words} < /dev/null", seconds=seconds)

    def inside(self, command: str, *, seconds: float = 900) -> str:
        """What a command says in the machine, in the learner's own shell."""
        return self.vagrant(f"ssh -c '{command}'", seconds=seconds)


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    given = os.environ.get("INFRALAB_TEST_BOX")
    if given:
        yield Path(given)
        return
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        file = Path(folder) / "infralab.box"
        words = [sys.executable, "-P", "-m", "lab_engine", "machine", "box", str(file)]
        subprocess.run(words, check=True, timeout=3600)
        yield file


@pytest.fixture(scope="module")
def host(box: Path) -> Iterator[Host]:
    """A bench with the clone, the box added, and nothing of it in libvirt."""
    tag = image.ensure(["vagrant"])
    bench = Bench.create(
        f"test-{os.getpid()}-box", memory=BENCH_GIB << 30, disk=30 << 30, idle_seconds=0,
        daemons=("libvirt",), tag=tag,
    )  # fmt: skip
    try:
        one = Host(bench)
        one.must(f"mkdir -p {HOME}/kit && tar -C {HOME}/kit -xf -", stdin=kit.packed())
        one.must(f"cat > {HOME}/infralab.box", stdin=box, seconds=900)
        one.must(f"vagrant box add --name infralab {HOME}/infralab.box", seconds=900)
        one.must(f"rm {HOME}/infralab.box")
        yield one
    finally:
        bench.remove()


def test_up_course_halt_up_destroy(host: Host) -> None:
    before = host.run(LEFT)[1]
    host.vagrant("up --no-tty", seconds=3600)
    doctor = host.inside("cd /opt/infralab && ./infralab doctor")
    assert "✗" not in doctor
    assert "infralab" in host.inside("hostname")
    # Nothing of Vagrant's key that everybody knows is left.
    assert "insecure" not in host.inside("cat .ssh/authorized_keys")
    # The bench's image came with the box: this computer has no way out.
    host.inside("/opt/infralab/infralab image status && test ! -e /usr/share/infralab/bench.tar")
    made = host.inside(f"cd /opt/infralab && ./infralab up {LESSON} --json", seconds=1800)
    assert '"step"' in made
    code, _ = host.run(
        f"cd {HOME}/kit/vagrant && vagrant ssh -c '/opt/infralab/infralab check' < /dev/null",
        seconds=900,
    )
    assert code == 1, "nothing is solved yet"
    host.inside("/opt/infralab/infralab down", seconds=900)
    host.vagrant("halt", seconds=900)
    assert host.must(f"ls {HOME}/kit/vagrant/progress").split() == ["infralab.tar.gz"]
    host.vagrant("up --no-tty", seconds=1800)
    again = host.inside("ls .local/share/infralab")
    assert "progress.sqlite" in again
    host.vagrant("destroy -f", seconds=600)
    # The box's own disk stays in the pool for the next `up`, as any box's does.
    host.must(REMOVE_BOX)
    assert host.run(LEFT)[1] == before
