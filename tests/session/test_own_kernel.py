"""Steps that need features of the kernel: refused where they are lacking, with what to type."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lab_engine.bench import engine, features
from lab_engine.bench.container import Bench
from lab_engine.bench.features import Kernel, Presence
from lab_engine.cli import frame
from lab_engine.course import lesson as lessons
from lab_engine.errors import KernelLacks
from lab_engine.machine import life
from lab_engine.machine.life import State, Status
from lab_engine.session import own_kernel
from lab_engine.session.record import Record
from lab_engine.session.session import Session
from lab_engine.settings import Settings
from tests.kit import STEP, Kit

NEEDS = 'minutes = 5\nneeds_kernel = ["dm_snapshot"]'
"""What no kernel that is shared with a computer gives to a bench."""
FIRST = "content/07.6-bridges/10-one.md"
SECOND = """
two = lab.step("two", continues="one", resources=lambda v: [])
"""
Make = Callable[..., Kit]


@pytest.fixture
def kit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Kit]:
    """A course whose first step needs nothing, and whose second one goes on from it."""
    package = f"kernel_labs_{tmp_path.name.replace('-', '_')}"
    monkeypatch.syspath_prepend(tmp_path)
    made = Kit(tmp_path, package)
    made.write("content/07.6-bridges/20-two.md", STEP.partition("::::")[0])
    importlib.invalidate_caches()
    yield made
    for name in [name for name in sys.modules if name.split(".")[0] == package]:
        del sys.modules[name]


def has(monkeypatch: pytest.MonkeyPatch, **what: frozenset[str]) -> None:
    own = bool(what.pop("own", None))
    monkeypatch.setattr(features, "look", lambda: Kernel("6.1", own=own, config={"X": "y"}, **what))


def said(kit: Kit, step: str = "one") -> KernelLacks:
    with pytest.raises(KernelLacks) as caught:
        own_kernel.refuse(kit.lesson(), step)
    return caught.value


def test_a_step_that_asks_for_nothing_asks_nobody(
    kit: Kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never() -> Kernel:
        raise AssertionError("the kernel was asked")

    monkeypatch.setattr(features, "look", never)
    own_kernel.refuse(kit.lesson(), "one")


def test_what_an_earlier_step_needs_is_needed_by_those_that_go_on_from_it(kit: Kit) -> None:
    kit.change(FIRST, "minutes = 5", 'minutes = 5\nneeds_kernel = ["tun", "nfs"]')
    kit.change(FIRST.replace("10-one", "20-two"), "minutes = 5", "minutes = 5\nneeds_kernel = []")
    assert own_kernel.needed(kit.lesson(), "two") == ()
    kit.change_lab("step.solution(", f"{SECOND}step.solution(")
    for name in [name for name in sys.modules if name.startswith(kit.package)]:
        del sys.modules[name]
    assert own_kernel.needed(kit.lesson(), "two") == ("tun", "nfs")


def test_what_is_there_is_enough(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    kit.change(FIRST, "minutes = 5", 'minutes = 5\nneeds_kernel = ["tun"]')
    has(monkeypatch, named=frozenset({"tun"}))
    own_kernel.refuse(kit.lesson(), "one")


CREATE, START = "`infralab machine create`", "`infralab machine start`"


@pytest.mark.parametrize(
    ("state", "commands", "not_needed"),
    [
        (State.ABSENT, [CREATE, START], []),
        (State.STOPPED, [START], [CREATE]),
        (State.BEGINS, [START], [CREATE]),
        (State.RUNNING, [], [CREATE, START]),
    ],
)
def test_the_way_begins_where_the_machine_stands(
    kit: Kit,
    monkeypatch: pytest.MonkeyPatch,
    state: State,
    commands: list[str],
    not_needed: list[str],
) -> None:
    kit.change(FIRST, "minutes = 5", NEEDS)
    has(monkeypatch)
    monkeypatch.setattr(life, "status", lambda where: Status(state))
    error = said(kit, "1")
    assert "step one needs snapshots of block devices" in error.message
    assert "(6.1) has no dm_snapshot" in error.message
    last = "`INFRALAB_ENGINE=machine infralab up bridges one --new`"
    places = [error.hint.index(command) for command in (*commands, last)]
    assert places == sorted(places)
    assert not [command for command in not_needed if command in error.hint]
    assert "modprobe" not in error.hint, "it would not help"


def test_what_only_has_to_be_loaded_is_never_loaded_but_said(
    kit: Kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    kit.change(FIRST, "minutes = 5", 'minutes = 5\nneeds_kernel = ["ip_vs", "8021q"]')
    has(monkeypatch, ready=frozenset({"ip_vs", "8021q"}))
    error = said(kit)
    assert "has not loaded ip_vs and 8021q, and a bench may not" in error.message
    assert "`sudo modprobe --all ip_vs 8021q`" in error.hint
    has(monkeypatch, ready=frozenset({"ip_vs"}))
    error = said(kit)
    assert "has no 8021q" in error.message
    assert "modprobe" not in error.hint, "half of it would not help"


def test_what_is_the_whole_computers_is_said_to_be(
    kit: Kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    kit.change(FIRST, "minutes = 5", NEEDS)
    has(monkeypatch, named=frozenset({"dm_snapshot"}))
    assert "may not use dm_snapshot of a kernel that it shares with a computer" in said(kit).message


def test_a_machine_that_lacks_it_is_made_again(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    kit.change(FIRST, "minutes = 5", NEEDS)
    has(monkeypatch, own=frozenset({"yes"}))
    error = said(kit)
    assert "the machine's kernel (6.1) has no dm_snapshot" in error.message
    assert "`infralab machine stop`, `infralab machine create`" in error.hint


# -- on a bench ----------------------------------------------------------------------------------

real = [
    pytest.mark.bench,
    pytest.mark.slow,
    pytest.mark.skipif(engine.is_the_machines(), reason="the machine's kernel has it"),
]


@pytest.fixture
def asking(kit: Kit) -> Kit:
    """The second step needs it."""
    kit.change(FIRST.replace("10-one", "20-two"), "minutes = 5", NEEDS)
    return kit


class TestOnABench:
    pytestmark = real

    async def test_a_first_step_is_refused_and_leaves_nothing(
        self, asking: Kit, record: Record, settings: Settings, image_tag: str
    ) -> None:
        kernel = features.look()
        assert kernel.has("dm_snapshot") in (Presence.ABSENT, Presence.WHOLE)
        with pytest.raises(KernelLacks, match=kernel.release if not kernel.ready else "shares"):
            await Session.begin(asking.lesson(), record, settings, session="tkernel", step="two")
        assert Bench.find("tkernel") is None
        assert not record.open_sessions()

    async def test_a_later_step_is_refused_and_the_learner_stays(
        self, asking: Kit, record: Record, settings: Settings, image_tag: str
    ) -> None:
        session = await Session.begin(asking.lesson(), record, settings, step="one")
        try:
            await session.enter("one")
            with pytest.raises(KernelLacks, match="snapshots of block devices"):
                await session.enter("two", agreed=True)
            assert session.step_name == "one"
            assert (await session.compare()).none
        finally:
            await session.down()

    def test_up_says_what_to_type(
        self,
        asking: Kit,
        image_tag: str,
        settings: Settings,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        monkeypatch.setenv("INFRALAB_DATA_DIR", str(settings.data_dir))
        monkeypatch.setattr(lessons, "load_course", asking.load)
        assert frame.main(["up", "bridges", "two"]) == 3
        told = capsys.readouterr().err
        assert "step two needs snapshots of block devices" in told
        assert "infralab machine create" in told
        assert "INFRALAB_ENGINE=machine infralab up bridges two --new" in told
        record = Record(settings.data_dir / "progress.sqlite")
        assert not record.open_sessions()
        record.close()
