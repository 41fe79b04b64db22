"""Every provider of libvirt's family, on the real libvirt of a bench."""

from __future__ import annotations

import io
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab_engine.bench import image
from lab_engine.bench.container import Bench
from lab_engine.errors import DockerUnavailable
from tests.contract.cases_libvirt import CASES, Case

HERE = Path(__file__).parent
PLACE = "/run/infralab/contract"

pytestmark = [pytest.mark.bench, pytest.mark.slow]


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    """A bench with libvirt and this folder's modules in it."""
    try:
        tag = image.ensure_image(print)
    except DockerUnavailable as error:
        pytest.skip(str(error))
    made = Bench.create(f"test-{os.getpid()}-libvirt", memory=2 << 30, idle_minutes=0, tag=tag)
    try:
        assert made.run(["/usr/lib/infralab/bin/start-libvirt"]).exit_code == 0
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w") as tar:
            for name in ("__init__.py", "contract/__init__.py", "contract/cases_libvirt.py",
                         "contract/walk_libvirt.py"):  # fmt: skip
                tar.add(HERE.parent / name, f"tests/{name}")
        unpack = f"mkdir -p {PLACE} && tar -x -C {PLACE}"
        assert made.run(["sh", "-c", unpack], stdin=archive.getvalue()).exit_code == 0
        yield made
    finally:
        made.remove()


def walk(bench: Bench, what: str, name: str) -> None:
    done = bench.run(
        ["/opt/infralab/venv/bin/python", "-m", "tests.contract.walk_libvirt", what, name],
        env={"PYTHONPATH": f"/opt/infralab/lib:{PLACE}", "PYTHONDONTWRITEBYTECODE": "1"},
        timeout=280,
    )
    text = (done.stdout + done.stderr).decode(errors="replace")
    print(text)
    assert done.exit_code == 0, text[-3000:]


@pytest.mark.vm
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_lifecycle(bench: Bench, case: Case) -> None:
    walk(bench, "lifecycle", case.name)


@pytest.mark.vm
@pytest.mark.parametrize("case", [c for c in CASES if c.foreign], ids=lambda case: case.name)
def test_never_touches_what_is_not_ours(bench: Bench, case: Case) -> None:
    walk(bench, "foreign", case.name)
