"""The README's first command on fresh Debian 12, Debian 13 and Ubuntu 24.04, by root and by a user.

On demand: `./infralab test --fresh`. Each machine downloads its packages and builds the bench image
(some minutes); the distributions' roots are kept in the cache folder.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.fresh import machine as fresh

SET_UP_SECONDS = 2400
pytestmark = [
    pytest.mark.fresh,
    pytest.mark.timeout(2 * SET_UP_SECONDS),
    pytest.mark.skipif(shutil.which("mmdebstrap") is None, reason="mmdebstrap is not installed"),
]


@dataclass(frozen=True)
class Way:
    """Who sets up, and how that user gets at Docker."""

    suite: str
    user: str
    access: str = ""

    @property
    def variables(self) -> dict[str, str]:
        return {"INFRALAB_DOCKER": self.access} if self.access else {}

    def command(self, *words: str) -> tuple[str, ...]:
        """A later call, as the launcher tells this user to write it."""
        return (*(("sudo",) if self.access == "sudo" else ()), "./infralab", *words)


WAYS = (Way("bookworm", "root"), Way("trixie", "ada", "group"), Way("noble", "ada", "sudo"))


@pytest.fixture(scope="module", params=WAYS, ids=lambda way: f"{way.suite}-{way.user}")
def way(request: pytest.FixtureRequest) -> Way:
    chosen: Way = request.param
    return chosen


@pytest.fixture(scope="module")
def host(way: Way) -> Iterator[fresh.Machine]:
    """A fresh machine on which `./infralab --yes setup` was run once."""
    try:
        subprocess.run(["docker", "version"], capture_output=True, check=True, timeout=60)
    except (OSError, subprocess.SubprocessError):
        pytest.skip("no Docker engine answers")
    with fresh.machine(way.suite) as made:
        ended = made.run(
            "./infralab", "--yes", "setup", user=way.user, seconds=SET_UP_SECONDS,
            variables=way.variables,
        )  # fmt: skip
        print(ended.text)
        log = made.run("sh", "-c", "tail -n 60 /root/.local/share/infralab/log/*.log").text
        assert ended.code == 0, f"{ended.text}\n{log}"
        yield made


def test_doctor_finds_that_the_course_can_be_taken(way: Way, host: fresh.Machine) -> None:
    found = host.must(*way.command("doctor", "--json"), user=way.user, seconds=300)
    assert json.loads(found[found.index("{") :])["ready"]


def test_the_second_time_installs_nothing(way: Way, host: fresh.Machine) -> None:
    before = host.must("dpkg-query", "--show")
    text = host.must(*way.command("--yes", "setup"), user=way.user, seconds=120)
    assert "Installing" not in text
    assert host.must("dpkg-query", "--show") == before


def test_a_step_is_made_ready_done_and_checked(way: Way, host: fresh.Machine) -> None:
    def infralab(*words: str) -> fresh.Ended:
        return host.run(*way.command(*words), user=way.user, seconds=600)

    up = infralab("up", "docker-networking", "--json")
    assert up.code == 0, up.text
    assert infralab("check").code == 1
    ran = infralab("run", "--", "docker", "images", "--format", "{{.Repository}}")
    assert ran.code == 0, ran.text
    down = infralab("down")
    assert down.code == 0, down.text


def test_uninstall_takes_it_back(way: Way, host: fresh.Machine) -> None:
    ended = host.run(*way.command("uninstall", "--yes"), user=way.user, seconds=300)
    assert ended.code == 0, ended.text
    home = "/root" if way.user == "root" or way.access == "sudo" else "/home/ada"
    left = "ls -d .venv $0/.local/share/infralab $0/.cache/infralab"
    ended = host.run("sh", "-c", f"{left} 2>/dev/null", home, user="root")
    assert not ended.text.strip(), f"still there: {ended.text}"
