"""A sample of the crash matrix, which is run whole by hand: `python -m tests.crash.matrix`."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.crash import matrix

pytestmark = [pytest.mark.bench, pytest.mark.slow]
TRIES = 10


@pytest.mark.timeout(1200)
def test_a_kill_at_any_moment_loses_and_leaves_nothing(image_tag: str, tmp_path: Path) -> None:
    tallies = matrix.run(tmp_path, TRIES, random.randrange(1 << 32))
    assert all(tally.tries for tally in tallies.values())
    faults = [f"{verb} {fault}" for verb, tally in tallies.items() for fault in tally.faults]
    assert not faults, "\n".join(faults)
