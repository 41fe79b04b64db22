"""Statements about files that were put into a container, and that later runs left alone."""

from __future__ import annotations

import pytest

from lab_engine.authoring import See, require_left_alone, require_placed
from tests.requirements.conftest import Stage

pytestmark = [pytest.mark.bench]

RUN = "docker run -d --name web busybox sleep 1d"
IN = "docker exec web sh -c"
CONF = f"{RUN}; {IN} 'echo teal > /etc/color; chmod 644 /etc/color'"
NOTE = f"{IN} 'echo run >> /var/runs'"


async def placed(see: See) -> None:
    await require_placed(see, "web", "/etc/color", says="teal", uid=0, mode=0o644)


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        (CONF, "pass"),
        (f"{RUN}; printf ' teal\\r\\n' > c; chmod 644 c; docker cp c web:/etc/color; "
         f"{IN} 'chown 0:0 /etc/color'", "pass"),
        (f"{CONF}; {IN} 'mv /etc/color /etc/c; ln -s c /etc/color'", "pass"),
        (f"{CONF}; {IN} 'echo teal green > /etc/color'", "other-text"),
        (f"{CONF}; {IN} 'chown 1000 /etc/color'", "other-owner"),
        (f"{CONF}; {IN} 'chmod 4644 /etc/color'", "other-mode"),
        (f"{CONF}; {IN} 'rm /etc/color; mkdir /etc/color'", "no-plain-file"),
        (f"{CONF}; {IN} 'rm /etc/color; ln -s color /etc/color'", "not-there"),
        (f"{CONF}; {IN} 'truncate -s 1G /etc/color'", "other-text"),
        (RUN, "not-there"),
        ("true", "not-there"),
    ],
)  # fmt: skip
async def test_a_file_that_was_placed(stage: Stage, script: str, reason: str) -> None:
    await stage.type(script)
    assert await stage.reason(placed) == reason


async def alone(see: See) -> None:
    await require_left_alone(see, "web", "/etc/color", log="/var/runs")


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        (f"{RUN}; {NOTE}; {IN} 'echo teal > /etc/color'; {NOTE}", "pass"),
        (f"{RUN}; {NOTE}; {IN} 'echo teal > /etc/color'", "ran-less"),
        (f"{CONF}; {NOTE}; {NOTE}; {IN} 'echo teal > /etc/color'", "written-again"),
        (f"{CONF}; {NOTE}; {NOTE}; {IN} 'echo teal > /etc/color; touch -d 2020-01-01 /etc/color'",
         "written-again"),
        (CONF, "no-log"),
        (f"{RUN}; {NOTE}; {NOTE}", "not-there"),
        (f"{RUN}; {NOTE}; {NOTE}; {IN} 'mkfifo /etc/color'", "not-there"),
    ],
)  # fmt: skip
async def test_a_file_that_was_left_alone(stage: Stage, script: str, reason: str) -> None:
    await stage.type(script)
    assert await stage.reason(alone) == reason
