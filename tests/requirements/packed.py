"""A bench with packs, for requirements about what not every bench has."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from lab_engine.bench.container import Bench
from lab_engine.errors import DockerUnavailable
from lab_engine.packs import image as packs
from tests.bench.conftest import ok


def bench_with(make_bench: Callable[..., Bench], *names: str) -> Bench:
    """With Docker and busybox; the test is skipped where a pack is not built."""
    try:
        absent = packs.missing(list(names))
    except DockerUnavailable as error:
        pytest.skip(str(error))
    if absent:
        pytest.skip(str(absent))
    made = make_bench("with-" + "-".join(names), tag=packs.ensure(list(names), print))
    ok(made.run(["/usr/lib/infralab/bin/start-docker"]))
    ok(made.run(["docker", "load", "-q", "-i", "/usr/lib/infralab/images/busybox.tar"]))
    return made
