"""Benches for the tests in this folder. They need a Docker engine; without one they are skipped."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from lab_engine.bench import image
from lab_engine.bench.container import Bench, Completed
from lab_engine.errors import DockerUnavailable

MEMORY = 1 << 30


@pytest.fixture(scope="session")
def image_tag() -> str:
    """The bench image, built when it is missing."""
    try:
        return image.ensure_image(print)
    except DockerUnavailable as error:
        pytest.skip(str(error))


_ASKED: Counter[str] = Counter()
"""Of the whole run: a folder that takes the fixture over has one of its own."""


@pytest.fixture(scope="session")
def make_bench(image_tag: str) -> Iterator[Callable[..., Bench]]:
    """Make benches whose session begins with `test-<pid>`; all of them go at the end."""
    made: list[Bench] = []

    def make(name: str, **options: object) -> Bench:
        # A bench stays until all tests are done, and tests do not know of each other's names.
        _ASKED[name] += 1
        name += f"-{_ASKED[name]}" if _ASKED[name] > 1 else ""
        settings: dict[str, object] = {
            "memory": MEMORY,
            "idle_seconds": 0,
            "tag": image_tag,
            **options,
        }
        bench = Bench.create(f"test-{os.getpid()}-{name}", **settings)  # type: ignore[arg-type]
        made.append(bench)
        return bench

    yield make
    for bench in made:
        bench.remove()


@pytest.fixture(scope="session")
def bench(make_bench: Callable[..., Bench]) -> Bench:
    """One bench with both daemons and the small images, for tests that leave it as it was."""
    made = make_bench("shared")
    ok(made.run(["/usr/lib/infralab/bin/start-docker"]))
    ok(made.run(["/usr/lib/infralab/bin/start-libvirt"]))
    for name in ("busybox", "myapp"):
        ok(made.run(["docker", "load", "-q", "-i", f"/usr/lib/infralab/images/{name}.tar"]))
    return made


def ok(done: Completed) -> str:
    """The output of a command that must have worked."""
    assert done.exit_code == 0, (done.stdout + done.stderr).decode(errors="replace")
    return done.stdout.decode().strip()


def sh(bench: Bench, script: str, *, user: str = "root", timeout: float = 60) -> str:
    """The output of a shell script in the bench, which must work."""
    return ok(bench.run(["sh", "-euc", script], user=user, timeout=timeout))


def fails(bench: Bench, script: str, *, user: str = "root") -> str:
    """What a shell script in the bench says, which must not work."""
    done = bench.run(["sh", "-euc", script], user=user)
    output = (done.stdout + done.stderr).decode(errors="replace")
    assert done.exit_code != 0, f"it worked: {output}"
    return output
