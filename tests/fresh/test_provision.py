"""`vagrant/provision.sh` on fresh Debian 12 and 13: what Vagrant runs, without Vagrant.

On demand: `./infralab test --fresh`. A container has no kernel and no systemd of its own; what the
script does for those (modules at each start) is not seen here.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator

import pytest

from tests.fresh import machine as fresh

SET_UP_SECONDS = 2400
SCRIPT = "vagrant/provision.sh"
VARIABLES = {"INFRALAB_FOLDER": fresh.CLONE, "INFRALAB_LEARNER": "ada"}
pytestmark = [
    pytest.mark.fresh,
    pytest.mark.timeout(2 * SET_UP_SECONDS),
    pytest.mark.skipif(shutil.which("mmdebstrap") is None, reason="mmdebstrap is not installed"),
]


@pytest.fixture(scope="module", params=["bookworm", "trixie"])
def host(request: pytest.FixtureRequest) -> Iterator[fresh.Machine]:
    """A machine that was provisioned once."""
    try:
        subprocess.run(["docker", "version"], capture_output=True, check=True, timeout=60)
    except (OSError, subprocess.SubprocessError):
        pytest.skip("no Docker engine answers")
    suite: str = request.param
    with fresh.machine(suite) as made:
        _refuses(made)
        ended = made.run(SCRIPT, seconds=SET_UP_SECONDS, variables=VARIABLES)
        print(ended.text)
        assert ended.code == 0, ended.text
        yield made


def _refuses(made: fresh.Machine) -> None:
    """What it cannot do is told before anything is changed."""
    before = made.must("dpkg-query", "--show")
    for user, variables, word in (
        ("ada", VARIABLES, "root"),
        ("root", {**VARIABLES, "INFRALAB_LEARNER": "nobody-at-all"}, "nobody-at-all"),
        ("root", {**VARIABLES, "INFRALAB_FOLDER": "/srv"}, "/srv"),
    ):
        ended = made.run(SCRIPT, user=user, variables=variables)
        assert ended.code == 1, ended.text
        assert word in ended.text
    assert made.must("dpkg-query", "--show") == before


def test_the_course_can_be_taken(host: fresh.Machine) -> None:
    found = host.run(
        "runuser", "-l", "ada", "-c", f"cd {fresh.CLONE} && ./infralab doctor --json", seconds=300
    ).text
    assert json.loads(found[found.index("{") :])["ready"]


def test_the_second_time_changes_nothing(host: fresh.Machine) -> None:
    before = _state(host)
    ended = host.run(SCRIPT, seconds=300, variables=VARIABLES)
    assert ended.code == 0, ended.text
    assert "installing" not in ended.text.lower()
    assert _state(host) == before


def _state(host: fresh.Machine) -> str:
    """What is installed, and when each file of /etc was changed last."""
    return host.must("dpkg-query", "--show") + host.must(
        "find", "/etc", "-type", "f", "-printf", "%p %T@ %C@\n"
    )


def test_who_comes_in_with_a_terminal_is_in_the_course(host: fresh.Machine) -> None:
    # Without a keyboard the course ends at once, and leaves its learner in the shell.
    start = "SSH_TTY=/dev/pts/0 bash -lic exit < /dev/null"
    shell = host.run("runuser", "-l", "ada", "-c", f"INFRALAB_NO_COURSE=1 {start}")
    assert "This is the machine" not in shell.text
    course = host.run("runuser", "-l", "ada", "-c", start, seconds=120)
    assert "This is the machine" in course.text
