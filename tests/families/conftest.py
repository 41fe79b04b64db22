"""A bench with this folder's modules: for the contract suite, and for tests marked `inside`.

A test marked `inside` works on the kernel as root, with tools that this machine may lack. It is an
ordinary test, which pytest runs in the bench; what became of it there is reported here.
"""

from __future__ import annotations

import io
import os
import tarfile
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path
from typing import Final, cast

import pytest

from lab_engine.bench import image
from lab_engine.bench.container import Bench
from lab_engine.course import pack
from lab_engine.errors import DockerUnavailable
from lab_engine.packs import image as packs
from tests.joined import outcomes

HERE: Final = Path(__file__).parent
PLACE: Final = "/run/infralab/contract"
PYTHON: Final = "/opt/infralab/venv/bin/python"
LIMIT: Final = 280.0
"""Seconds for what one test runs in the bench."""
PYTEST: Final = ("pytest", "pluggy", "iniconfig", "packaging", "pygments")
"""Pure Python, so that the files of this machine's packages do in the bench."""
INSIDE: Final = "a_report_from_the_bench"

InBench = Callable[..., str]


def _made(tag: str, name: str, memory: int) -> Bench:
    """A bench with this folder's modules; its daemons are not started yet."""
    made = Bench.create(f"test-{os.getpid()}-{name}", memory=memory, idle_seconds=0, tag=tag)
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for path in (HERE.parent / "__init__.py", HERE.parent / "joined.py"):
            tar.add(path, f"tests/{path.name}")
        for path in HERE.glob("*.py"):
            tar.add(path, f"tests/families/{path.name}")
    unpack = f"mkdir -p {PLACE} && tar -x -C {PLACE}"
    assert made.run(["sh", "-c", unpack], stdin=archive.getvalue()).exit_code == 0
    return made


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    try:
        tag = image.ensure_image(print)
    except DockerUnavailable as error:
        pytest.skip(str(error))
    yield from bench_of(tag, "contract")


def bench_of(tag: str, name: str) -> Iterator[Bench]:
    """A bench of an image, with this folder in it; removed at the end."""
    made = _made(tag, name, 2 << 30)
    try:
        yield made
    finally:
        made.remove()


def _runner(bench: Bench) -> InBench:
    def run(module: str, *words: str, daemon: str = "", limit: float = LIMIT) -> str:
        if daemon:
            started = bench.run([f"/usr/lib/infralab/bin/start-{daemon}"])
            assert started.exit_code == 0, started.stderr.decode(errors="replace")
        done = bench.run(
            [PYTHON, "-m", f"tests.families.{module}", *words],
            env={"PYTHONPATH": f"/opt/infralab/lib:{PLACE}", "PYTHONDONTWRITEBYTECODE": "1"},
            timeout=limit,
        )
        text = (done.stdout + done.stderr).decode(errors="replace")
        print(text)
        assert done.exit_code == 0, text[-3000:]
        return text

    return run


@pytest.fixture
def in_bench(bench: Bench) -> InBench:
    """Run a module of this folder in the bench, with the daemon that it needs; it must succeed."""
    return _runner(bench)


@pytest.fixture
def in_bench_with() -> Iterator[Callable[..., InBench]]:
    """The same in a bench that has packs; skipped where one is not built, which takes minutes."""
    benches: list[Bench] = []

    def with_packs(*names: str) -> InBench:
        try:
            absent = packs.missing(names)
        except DockerUnavailable as error:
            pytest.skip(str(error))
        if absent:
            pytest.skip(str(absent))
        tag = packs.ensure(names, print)
        memory = max(2048, *(one.pack.wants.memory for one in pack.chain(names))) << 20
        benches.append(_made(tag, f"with-{'-'.join(names)}", memory))
        return _runner(benches[-1])

    yield with_packs
    for made in benches:
        made.remove()


def pytest_itemcollected(item: pytest.Item) -> None:
    """What a test `inside` asks for is made in the bench, so here it asks for its report only."""
    if isinstance(item, pytest.Function) and item.get_closest_marker("inside"):
        item.fixturenames[:] = [INSIDE]


@pytest.fixture(scope="module")
def a_report_from_the_bench(
    bench: Bench, request: pytest.FixtureRequest
) -> dict[str, pytest.TestReport]:
    """The reports of this module's tests `inside`, which run in one go, by node id."""
    module = request.node
    ids = [
        item.nodeid
        for item in request.session.items
        if item.get_closest_marker("inside") and item.getparent(pytest.Module) is module
    ]
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for package in PYTEST:
            for file in metadata.files(package) or ():
                if ".." not in file.parts and "__pycache__" not in file.parts:
                    tar.add(str(file.locate()), str(file))
    unpack = f"mkdir -p {PLACE}/packages && tar -x -C {PLACE}/packages"
    assert bench.run(["sh", "-c", unpack], stdin=archive.getvalue()).exit_code == 0
    path = f"{PLACE}/outcomes.json"
    marks = "\n".join(request.config.getini("markers"))
    words = ["-q", "--noconftest", "-c", "/dev/null", "--rootdir", PLACE, "-W", "error"]
    words += ["-p", "no:cacheprovider", "-o", f"markers={marks}", "--import-mode=importlib"]
    words += ["-p", "tests.joined", f"--outcomes-to={path}"]
    done = bench.run(
        ["sh", "-c", f'cd {PLACE} && exec "$@"', "sh", PYTHON, "-m", "pytest", *words, *ids],
        env={
            "PYTHONPATH": f"/opt/infralab/lib:{PLACE}:{PLACE}/packages",
            "PYTHONDONTWRITEBYTECODE": "1",
        },
        timeout=LIMIT,
    )
    text = (done.stdout + done.stderr).decode(errors="replace")
    assert done.exit_code in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED), text[-3000:]
    kept = outcomes(request.config, bench.run(["cat", path]).stdout.decode())
    reports = [report for few in kept.values() for report in few]
    # A teardown that failed is an error besides the test's own report, and counts more.
    reports.sort(key=lambda report: report.failed)
    return {report.nodeid: report for report in reports}


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Stand for what happened in the bench."""
    if INSIDE not in pyfuncitem.funcargs:
        return None
    reports = cast("dict[str, pytest.TestReport]", pyfuncitem.funcargs[INSIDE])
    report = reports.get(pyfuncitem.nodeid)
    assert report is not None, "it did not run in the bench"
    if report.failed:
        pytest.fail(f"{report.longreprtext}\n{report.capstdout}{report.capstderr}", pytrace=False)
    if report.skipped:
        assert isinstance(report.longrepr, tuple)
        pytest.skip(report.longrepr[2])
    return True
