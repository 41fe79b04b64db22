"""A learner who fills the disk: paused above the limit, told why, and on the way again after it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from lab_engine.bench.container import Bench
from lab_engine.bench.shell import shell_argv
from tests.bench.conftest import ok, sh
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


IMAGE = f"""
import os, tarfile, time

class Zeroes:
    def read(self, size):
        time.sleep(0.01)
        return bytes(size)

with tarfile.open(fileobj=os.fdopen(1, "wb"), mode="w|", copybufsize=1 << 20) as tar:
    for number in range({FILES}):
        layer = tarfile.TarInfo(f"layer{{number}}.tar")
        layer.size = {FILE << 20}
        tar.addfile(layer, Zeroes())
"""
"""An image on its way, ten times as large as what there is room for; 100 MB/s at most."""
ARRIVED = "du -sm /var/lib/docker/tmp | cut -f 1"


def test_an_image_that_does_not_fit_is_held_where_it_comes_from(
    make_bench: Callable[..., Bench],
) -> None:
    bench = make_bench("room-image", disk=LIMIT)
    ok(bench.run(["/usr/lib/infralab/bin/start-docker"], timeout=90))
    ok(bench.run(["sh", "-c", "cat > /home/learner/image.py"], stdin=IMAGE.encode()))
    tab = Tab(shell_argv(bench, "bench"))
    try:
        tab.see("$ ")
        tab.type(b"python3 ~/image.py | docker load\r")
        tab.see("Paused, since it writes: docker (process ")
        arrived = int(sh(bench, ARRIVED))
        assert 0 < arrived < FILES * FILE
        # The daemon answers, and what is sent no further does not arrive.
        sh(bench, "docker ps")
        assert int(sh(bench, ARRIVED)) == arrived
        sh(bench, "pkill -KILL -x docker")
        tab.see("what was paused goes on")
        assert int(sh(bench, ARRIVED)) < arrived
    finally:
        tab.close()


def _parts(bench: Bench) -> int:
    return len(ok(bench.run(["sh", "-c", "ls /home/learner/work | grep part"])).split())
