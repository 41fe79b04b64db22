"""A box of ours from `infralab machine box` to `vagrant destroy`, in a bench with libvirt.

On demand (`./infralab test --v2 tests/vagrant`): emulated, it takes about an hour. A box that is
there already is taken with `INFRALAB_TEST_BOX=FILE`.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest

from lab_engine.bench.container import Bench
from lab_engine.course.lesson import load_course
from lab_engine.course.seed import Seed
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
IN_KIT = f"cd {HOME}/kit/vagrant"
pytestmark = [pytest.mark.v2, pytest.mark.slow, pytest.mark.timeout(LIMIT)]


class Host:
    """The computer on which somebody works with Vagrant: a bench."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench

    def run(
        self, script: str, *, seconds: float = 300, stdin: IO[bytes] | None = None
    ) -> tuple[int, str]:
        command = self.bench.exec_argv(
            ["timeout", "-k", "10", str(int(seconds)), "bash", "-c", script],
            user="root", workdir="/", interactive=stdin is not None, env=ENV,
        )  # fmt: skip
        done = subprocess.run(
            command,
            stdin=stdin or subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=seconds + 60,
            check=False,
        )
        text = done.stdout.decode(errors="replace")
        print(f"$ {script}\n{text[-4000:]}\n({done.returncode})", flush=True)
        return done.returncode, text

    def must(self, script: str, *, seconds: float = 300, stdin: IO[bytes] | None = None) -> str:
        code, text = self.run(script, seconds=seconds, stdin=stdin)
        assert code == 0, f"{script}: {code}\n{text[-4000:]}"
        return text

    def send(self, data: bytes, script: str) -> None:
        with tempfile.TemporaryFile() as file:
            file.write(data)
            file.seek(0)
            self.must(script, stdin=file)

    def vagrant(self, words: str, *, seconds: float = 600) -> str:
        return self.must(f"{IN_KIT} && vagrant {words} < /dev/null", seconds=seconds)

    def inside(self, command: str, *, seconds: float = 900) -> str:
        """What a command says in the machine, in the learner's own shell."""
        return self.vagrant(f"ssh -c '{command}'", seconds=seconds)


@pytest.fixture(scope="module")
def box() -> Iterator[Path]:
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
    """A bench with the clone and the box added."""
    tag = image.ensure(["vagrant"])
    bench = Bench.create(
        f"test-{os.getpid()}-box", memory=BENCH_GIB << 30, disk=30 << 30, idle_seconds=0,
        daemons=("libvirt",), tag=tag,
    )  # fmt: skip
    try:
        one = Host(bench)
        one.send(kit.packed(), f"mkdir -p {HOME}/kit && tar -C {HOME}/kit -xf -")
        with box.open("rb") as file:
            one.must(f"cat > {HOME}/infralab.box", stdin=file, seconds=900)
        one.must(f"vagrant box add --name infralab {HOME}/infralab.box", seconds=900)
        one.must(f"rm {HOME}/infralab.box")
        yield one
    finally:
        bench.remove()


def test_up_needs_nothing_but_the_box(host: Host) -> None:
    # This computer has no way out, so what is not in the box would be missed.
    host.vagrant("up --no-tty", seconds=5400)
    assert host.inside("hostname").split()[-1] == "infralab"
    # The key that everybody knows lets nobody in any more.
    keys = host.inside("cat .ssh/authorized_keys").strip().splitlines()
    assert len(keys) == 1
    assert "insecure" not in keys[0]
    host.inside("/opt/infralab/infralab image status && test ! -e /usr/share/infralab/bench.tar")


def test_the_course_can_be_taken_in_it(host: Host) -> None:
    assert "The course can be taken." in host.inside("/opt/infralab/infralab doctor")


def test_a_second_provisioning_changes_nothing(host: Host) -> None:
    said = host.vagrant("provision", seconds=1800)
    assert "installing" not in said
    assert "taking in" not in said


def test_a_step_is_taken_and_passed(host: Host) -> None:
    lesson = load_course().lesson(LESSON)
    step = lesson.lab.steps[lesson.steps[0].name]
    script = "\n".join(step.solutions[0].script(lesson.variables(Seed("box"))))
    host.inside(f"/opt/infralab/infralab up {LESSON} --seed box --json", seconds=1800)
    code, said = host.run(f"{IN_KIT} && vagrant ssh -c '/opt/infralab/infralab check' < /dev/null")
    assert code == 1, said
    host.send(script.encode(), f"cat > {HOME}/solution.sh")
    host.vagrant(f"upload {HOME}/solution.sh /tmp/solution.sh")
    host.inside('/opt/infralab/infralab run -- bash -ec "$(cat /tmp/solution.sh)"')
    host.inside("/opt/infralab/infralab check")
    host.inside("/opt/infralab/infralab down")


def test_progress_is_kept_at_a_halt_and_the_machine_comes_back(host: Host) -> None:
    host.vagrant("halt", seconds=900)
    assert host.must(f"ls {HOME}/kit/vagrant/progress").split() == ["infralab.tar.gz"]
    packed = host.must(f"tar -tzf {HOME}/kit/vagrant/progress/infralab.tar.gz")
    assert "./progress.sqlite" in packed.split()
    host.vagrant("up --no-tty", seconds=1800)
    assert "progress.sqlite" in host.inside("ls .local/share/infralab")


def test_destroyed_it_leaves_nothing_but_the_boxs_own_disk(host: Host) -> None:
    host.vagrant("destroy -f", seconds=900)
    assert host.must("virsh list --all --name").split() == []
    assert host.must("virsh net-list --all --name").split() == ["default"]
    left = host.must("ls /var/lib/libvirt/images").split()
    # It stays in the pool for the next `up`, as any box's does.
    assert [name.partition("_vagrant_box_")[0] for name in left] == ["infralab"]


def test_the_next_up_brings_the_progress_back(host: Host) -> None:
    host.vagrant("up --no-tty --no-provision", seconds=1800)
    try:
        assert "progress.sqlite" in host.inside("ls .local/share/infralab")
    finally:
        host.vagrant("destroy -f", seconds=900)
