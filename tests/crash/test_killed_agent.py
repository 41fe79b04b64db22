"""kill -9 at every call of every provider: the next start finishes or undoes; nothing is left."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from lab_engine.bench.container import Bench
from lab_engine.common.plan import ordered
from lab_engine.families.registry import KINDS, of_kind
from lab_engine.packs.image import ensure
from tests.bench.conftest import ok
from tests.crash.everything import EVERYTHING

pytestmark = [pytest.mark.bench, pytest.mark.vm, pytest.mark.slow]

ORDER = [resource.key for resource in ordered(EVERYTHING)]
POINTS = ("during", "after")
"""`before` leaves no trace but the ledger's line, the same for all kinds: one kind shows it."""


def points(key: str) -> tuple[str, ...]:
    return ("before", *POINTS) if key == ORDER[0] else POINTS


@pytest.fixture(scope="module")
def crash_bench(make_bench: Callable[..., Bench]) -> Bench:
    # Every daemon of what is made here is started. A family may be in a pack.
    needed = [its for one in EVERYTHING if (its := of_kind(one.kind()))]
    packs = sorted({its.pack for its in needed if its.pack} | {"incus"})
    bench = make_bench("crash", memory=2 << 30, tag=ensure(packs))
    for daemon in sorted({its.name for its in needed if its.daemon}):
        ok(bench.run([f"/usr/lib/infralab/bin/start-{daemon}"]))
    ok(bench.run(["mkdir", "-p", "/opt/tests/tests/crash"]))
    for name in ("__init__.py", "crash/__init__.py", "crash/everything.py", "crash/killed.py"):
        code = Path("tests", name).read_bytes() or b"\n"
        ok(bench.run(["sh", "-c", f"cat > /opt/tests/tests/{name}"], stdin=code))
    return bench


def act(bench: Bench, *words: str) -> dict[str, list[str]] | None:
    """What the agent reported, or None when it was killed."""
    done = bench.run(
        ["/opt/infralab/venv/bin/python", "-m", "tests.crash.killed", *words],
        env={"PYTHONPATH": "/opt/infralab/lib:/opt/tests"},
        timeout=120,
    )
    if done.exit_code == 128 + signal.SIGKILL:
        return None
    report: dict[str, list[str]] = json.loads(ok(done).splitlines()[-1])
    return report


def test_one_of_every_kind_is_here() -> None:
    # What needs a pack is made in the tests of that pack, which few machines have.
    ordinary = {kind for kind in KINDS if (its := of_kind(kind)) and not its.pack}
    assert {resource.kind() for resource in EVERYTHING} == ordinary


@pytest.mark.timeout(900)
def test_killed_while_making(crash_bench: Bench) -> None:
    """In the order of the plan, so that each run stands on what earlier runs finished."""
    for key in ORDER:
        for point in points(key):
            assert act(crash_bench, "provision", key, point) is None, (key, point)
            after = act(crash_bench, "recover")
            assert after is not None
            assert after["pending"] == [], (key, point)
            assert key not in after["standing"], (key, point)
            assert key not in after["marked"], (key, point)
            assert key in after["missing"], (key, point)
            assert set(after["marked"]) <= set(after["standing"]), (key, point)
        made = act(crash_bench, "provision", key)
        assert made is not None
        assert key not in made["missing"]
    whole = act(crash_bench, "provision", ORDER[-1])
    assert whole is not None
    assert whole["missing"] == []
    assert whole["standing"] == sorted(ORDER)


@pytest.mark.timeout(900)
@pytest.mark.parametrize("seconds", [0.005, 0.03, 0.05, 0.15, 0.6])
def test_a_daemon_that_goes_on_starting_a_vm_is_waited_for(
    crash_bench: Bench, seconds: float
) -> None:
    """libvirtd ends what a killed client asked for: no VM may come after the undoing."""
    key = "vm/alpha"
    assert act(crash_bench, "provision", ORDER[ORDER.index(key) - 1]) is not None
    act(crash_bench, "provision", key, "during", str(seconds))
    after = act(crash_bench, "recover")
    assert after is not None
    if key in after["standing"]:
        # It was made sooner than it was to be killed.
        assert act(crash_bench, "destroy", key) is not None
    time.sleep(3)
    later = act(crash_bench, "recover")
    assert later is not None
    assert key not in later["marked"]
    assert key in later["missing"]
    assert ok(crash_bench.run(["virsh", "list", "--all", "--name"])).strip() == ""


@pytest.mark.timeout(900)
def test_killed_while_destroying(crash_bench: Bench) -> None:
    assert act(crash_bench, "provision", ORDER[-1]) is not None
    for key in reversed(ORDER):
        for point in points(key):
            assert act(crash_bench, "provision", key) is not None
            assert act(crash_bench, "destroy", key, point) is None, (key, point)
            after = act(crash_bench, "recover")
            assert after is not None
            assert after["pending"] == [], (key, point)
            assert key not in after["standing"], (key, point)
            assert key not in after["marked"], (key, point)
            assert key in after["missing"], (key, point)
    end = act(crash_bench, "teardown")
    assert end is not None
    assert end["standing"] == end["marked"] == []
    assert sorted(end["missing"]) == sorted(ORDER)
