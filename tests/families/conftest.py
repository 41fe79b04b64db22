"""A bench for the contract suite, with this folder's modules in it."""

from __future__ import annotations

import io
import os
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest

from lab_engine.bench import image
from lab_engine.bench.container import Bench
from lab_engine.errors import DockerUnavailable

HERE: Final = Path(__file__).parent
PLACE: Final = "/run/infralab/contract"
PYTHON: Final = "/opt/infralab/venv/bin/python"
LIMIT: Final = 280.0
"""Seconds for what one test runs in the bench."""

InBench = Callable[..., str]


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    """A bench whose daemons are not started yet."""
    try:
        tag = image.ensure_image(print)
    except DockerUnavailable as error:
        pytest.skip(str(error))
    made = Bench.create(f"test-{os.getpid()}-contract", memory=2 << 30, idle_seconds=0, tag=tag)
    try:
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w") as tar:
            tar.add(HERE.parent / "__init__.py", "tests/__init__.py")
            for path in HERE.glob("*.py"):
                tar.add(path, f"tests/families/{path.name}")
        unpack = f"mkdir -p {PLACE} && tar -x -C {PLACE}"
        assert made.run(["sh", "-c", unpack], stdin=archive.getvalue()).exit_code == 0
        yield made
    finally:
        made.remove()


@pytest.fixture
def in_bench(bench: Bench) -> InBench:
    """Run a module of this folder in the bench, with the daemon that it needs; it must succeed."""

    def run(module: str, *words: str, daemon: str = "") -> str:
        if daemon:
            started = bench.run([f"/usr/lib/infralab/bin/start-{daemon}"])
            assert started.exit_code == 0, started.stderr.decode(errors="replace")
        done = bench.run(
            [PYTHON, "-m", f"tests.families.{module}", *words],
            env={"PYTHONPATH": f"/opt/infralab/lib:{PLACE}", "PYTHONDONTWRITEBYTECODE": "1"},
            timeout=LIMIT,
        )
        text = (done.stdout + done.stderr).decode(errors="replace")
        print(text)
        assert done.exit_code == 0, text[-3000:]
        return text

    return run
