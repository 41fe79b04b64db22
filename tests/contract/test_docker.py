"""The providers of the inner Docker engine, walked through every case in a bench."""

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
from tests.contract.cases_docker import CASES

pytestmark = pytest.mark.bench

HERE = Path(__file__).parent
PLACE = "/root/walk"
PYTHON = "/opt/infralab/venv/bin/python"


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    try:
        image.ensure_image(print)
    except DockerUnavailable as error:
        pytest.skip(str(error))
    made = Bench.create(f"test-{os.getpid()}-docker", memory=1 << 30, idle_minutes=0)
    try:
        made.run(["/usr/lib/infralab/bin/start-docker"])
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as tar:
            tar.add(HERE.parent / "__init__.py", "tests/__init__.py")
            for name in ("__init__.py", "cases_docker.py", "walk_docker.py"):
                tar.add(HERE / name, f"tests/contract/{name}")
        made.run(["mkdir", "-p", PLACE])
        made.run(["tar", "-C", PLACE, "-xf", "-"], stdin=packed.getvalue())
        yield made
    finally:
        made.remove()


def walk(bench: Bench, *words: str) -> None:
    done = bench.run(
        [PYTHON, "-m", "tests.contract.walk_docker", *words],
        workdir=PLACE,
        env={"PYTHONPATH": "/opt/infralab/lib", "PYTHONDONTWRITEBYTECODE": "1"},
        timeout=120,
    )
    print(done.stdout.decode())
    assert done.exit_code == 0, done.stderr.decode()


@pytest.mark.parametrize("name", [case.name for case in CASES])
def test_lifecycle(bench: Bench, name: str) -> None:
    walk(bench, "lifecycle", name)


@pytest.mark.parametrize("name", [case.name for case in CASES if case.foreign])
def test_never_touches_what_is_not_ours(bench: Bench, name: str) -> None:
    walk(bench, "foreign", name)


def test_takes_what_ours_hold_on_to_and_leaves_what_a_stranger_holds(bench: Bench) -> None:
    walk(bench, "held", "container")


def test_an_engine_that_is_down_is_named(bench: Bench) -> None:
    script = (
        "from lab_engine.errors import DaemonDown\n"
        "from lab_engine.providers.docker import engine\n"
        "from lab_engine.readers.docker_inventory import inventory\n"
        "engine.SOCKET = '/run/nobody.sock'\n"
        "try:\n    inventory()\n"
        "except DaemonDown as error:\n    assert error.daemon == 'docker'; print(error.message)\n"
    )
    done = bench.run([PYTHON, "-c", script], env={"PYTHONPATH": "/opt/infralab/lib"})
    assert b"did not answer" in done.stdout, done.stderr.decode()
