"""A learner who fills the disk: paused above the limit, told why, and on the way again after it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from lab_engine.bench.container import Bench
from lab_engine.bench.shell import shell_argv
from tests.bench.conftest import ok
from tests.bench.test_console import Tab

pytestmark = [pytest.mark.bench, pytest.mark.slow]

LIMIT = 200 << 20
FILES = 100
FILE = 20
"""MiB"""
NAMED = r"head -c 40M /dev/zero > /home/learner/work/part$'\e[41m'red"
"""Its name would colour the shells."""
CLEAR = "while sleep 1; do rm -f /home/learner/work/part*; done"
WRITE = f"""
import os, time
for number in range({FILES}):
    with open(f"part{{number}}", "wb", buffering=0) as file:
        for _ in range({FILE}):
            file.write(bytes(1 << 20))
    time.sleep(0.2)
print("all is", "written")
"""


def test_who_fills_the_disk_is_paused_and_goes_on_after_removing(
    make_bench: Callable[..., Bench],
) -> None:
    bench = make_bench("room", disk=LIMIT)
    ok(bench.run(["sh", "-c", "cat > /home/learner/fill.py"], stdin=WRITE.encode()))
    ok(bench.run(["bash", "-c", NAMED], user="learner"))
    tab = Tab(shell_argv(bench, "bench"))
    try:
        tab.see("$ ")
        tab.type(b"python3 ~/fill.py\r")
        tab.see("and it may fill 200 MiB (`bench_disk`)")
        tab.see("Paused, since it writes: python3 (process ")
        tab.see("40 MiB  /home/learner/work/partred")
        tab.see("/home/learner/work/part")
        before = _parts(bench)
        assert 0 < before < FILES
        # It has stopped for the shell, too, which gives its prompt back: before or after the words.
        tab.type(b"echo still he''re; jobs -s\r")
        tab.see("still here")
        tab.see("Stopped")
        tab.see("python3")
        assert _parts(bench) == before
        tab.type(b"rm part*\r")
        tab.see("what was paused goes on")
        # Each time that it has filled the disk again, room is made again.
        ok(bench.run(["sh", "-c", f"{CLEAR} < /dev/null > /dev/null 2>&1 &"]))
        tab.see("all is written", limit=150)
    finally:
        tab.close()


def _parts(bench: Bench) -> int:
    return len(ok(bench.run(["sh", "-c", "ls /home/learner/work | grep part"])).split())
