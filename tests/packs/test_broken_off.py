"""Builds that are broken off at ten moments, and whose disk fills: they go on, nothing is left."""

from __future__ import annotations

import os
import random
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest
from docker import errors as docker_errors

from lab_engine.bench import tool
from lab_engine.errors import ImageError
from lab_engine.packs import image, maker, smoke
from tests.packs.building import makers, small

pytestmark = [pytest.mark.bench, pytest.mark.slow, pytest.mark.alone]

NAME: Final = "broken-off"
KILLS: Final = 10
AGAIN: Final = 5
"""How often a moment is tried anew because the build had ended by then."""
TAKEN: Final = 5
"""The one of the moments at which not the builder is killed, but the container it builds in."""
SIX: Final = "4721f391ed90541fddacab5acf947aa0d3dc7d27b2e1e8eda2be8970586c3274"
MORE: Final = f"""
[[python]]
lock = "six.lock"
venv = "{NAME}"
[[image]]
name = "box"
files = ["/bin/bash"]
folder = "box"
"""
SMOKE: Final = f"""\
set -eu
[ "$(cat /opt/told /opt/finished)" = "TOLD
TOLD" ]
/opt/packs/{NAME}/bin/python -c 'import six'
figlet hi | grep -q '|_|'
/usr/lib/infralab/bin/start-docker
docker load -qi /usr/lib/infralab/images/box.tar
[ "$(docker run --rm --network none box bash -c 'cat /told')" = TOLD ]
"""


def recipe(packs: Path) -> None:
    """A pack with everything ahead: wheels, a package, files, a container image, a last script."""
    told = secrets.token_hex(8)
    place = packs / NAME
    if not place.is_dir():
        small(packs, NAME, finish="sleep 1\ncp /opt/told /opt/finished\n")
        with (place / "pack.toml").open("a") as file:
            file.write(MORE)
        (place / "box").mkdir()
    (place / "six.lock").write_text(f"# {told}\nsix==1.17.0 --hash=sha256:{SIX}\n")
    (place / "files" / "opt" / "told").write_text(told + "\n")
    (place / "box" / "told").write_text(told + "\n")
    (place / "smoke.sh").write_text(SMOKE.replace("TOLD", told))


@contextmanager
def building(packs: Path, volume: str) -> Iterator[subprocess.Popen[str]]:
    """The build in a process of its own, which prints what it does."""
    program = (
        "import pathlib\n"
        "from lab_engine.course import pack\n"
        "from lab_engine.packs import image, maker\n"
        f"pack.root = lambda: pathlib.Path({str(packs)!r})\n"
        f"maker.VOLUME, maker.NAME = {volume!r}, {maker.NAME!r}\n"
        f"image.ensure([{NAME!r}], lambda words: print(words, flush=True))"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    ) as process:  # fmt: skip
        try:
            yield process
        finally:
            process.kill()


class Left:
    """What builds that were broken off had on the engine."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._volumes: set[str] = set()

    def look(self) -> None:
        """Note the volumes of the build's container, which have no names of their own."""
        for made in makers(self._client):
            mounts = self._client.api.inspect_container(made["Id"])["Mounts"]
            self._volumes |= {one["Name"] for one in mounts if one.get("Name")} - {maker.VOLUME}

    def check(self) -> None:
        """Nothing is there but the pack's image and the cache."""
        assert not makers(self._client)
        assert self._volumes, "no build that was broken off had begun"
        for name in self._volumes:
            with pytest.raises(docker_errors.NotFound):
                self._client.api.inspect_volume(name)
        halves = {"dangling": True, "label": f"infralab.pack={NAME}"}
        assert self._client.api.images(filters=halves) == []
        listed = tool.run(
            self._client,
            "looking into the cache",
            ["find", "/media", "-maxdepth", "2", "-printf", "%P\\n"],
            binds=[f"{maker.VOLUME}:/media:ro"],
        ).decode()
        found = set(listed.split())
        assert {one.partition("/")[0] for one in found} == {"apt", "out", "wheels"}
        assert not [one for one in found if one.endswith(".new")]


def at(moment: float, process: subprocess.Popen[str], does: Callable[[], None]) -> bool:
    """Do it so many seconds from now; False when the process had ended by itself, and well."""
    try:
        code = process.wait(moment)
    except subprocess.TimeoutExpired:
        does()
        return True
    assert process.stdout is not None
    assert code == 0, process.stdout.read()
    return False


@pytest.mark.timeout(2400)
def test_a_build_killed_at_ten_moments_is_whole_in_the_end(
    packs: Path, volume: str, client: Any
) -> None:
    recipe(packs)
    began = time.monotonic()
    with building(packs, volume) as process:
        output, _ = process.communicate()
    assert process.returncode == 0, output
    whole = time.monotonic() - began
    recipe(packs)
    left = Left(client)
    drawn = random.Random(secrets.randbits(32))
    for number in range(KILLS):
        for _ in range(AGAIN):
            share = (number + drawn.random()) / KILLS
            if broken_off(packs, volume, client, share * whole, container=number == TAKEN):
                break
            recipe(packs)
            # The first build read the package lists, too.
            whole *= 0.9
        else:
            pytest.fail(f"moment {number} of {whole:.0f} s was never reached")
        left.look()
    image.ensure([NAME])
    assert image.missing([NAME]) is None
    left.check()
    done = smoke.try_out(NAME)
    assert done.exit_code == 0, (done.stdout + done.stderr).decode()


def broken_off(packs: Path, volume: str, client: Any, moment: float, *, container: bool) -> bool:
    """Build until the moment, in seconds; False when the build was ready before."""
    with building(packs, volume) as process:
        if not container:
            return at(moment, process, lambda: os.kill(process.pid, signal.SIGKILL))

        def take() -> None:
            for _ in range(600):
                if process.poll() is not None:
                    return
                try:
                    client.api.kill(maker.NAME)
                except docker_errors.APIError:
                    # Not begun, or between its two parts.
                    time.sleep(0.05)
                else:
                    return

        at(moment, process, take)
        output, _ = process.communicate(timeout=120)
        if process.returncode == 0:
            return False
        assert "failed while" in output
        assert not makers(client)
        return True


def test_the_container_goes_when_its_client_is_killed_while_the_image_is_written(
    packs: Path, volume: str, client: Any
) -> None:
    recipe(packs)
    left = Left(client)
    with building(packs, volume) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if "writing the image" in line:
                break
        # The engine goes on, and the next build finds an image.
        time.sleep(0.1)
        left.look()
        os.kill(process.pid, signal.SIGKILL)
    for _ in range(300):
        if image.missing([NAME]) is None:
            break
        time.sleep(0.1)
    image.ensure([NAME])
    left.check()
    done = smoke.try_out(NAME)
    assert done.exit_code == 0, (done.stdout + done.stderr).decode()


@pytest.mark.parametrize("megabytes", [8, 140])
def test_a_full_disk_is_told_and_the_build_goes_on_when_there_is_room(
    packs: Path, volume: str, client: Any, megabytes: int
) -> None:
    """The first has no room for the lists of packages, the second none for the packages."""
    recipe(packs)
    place = packs / NAME / "pack.toml"
    place.write_text(place.read_text().replace('"figlet"', '"figlet", "0ad-data"'))
    options = {"type": "tmpfs", "device": "tmpfs", "o": f"size={megabytes}m"}
    client.api.create_volume(volume, driver_opts=options)
    with pytest.raises(ImageError, match=f"the pack {NAME} failed while") as failed:
        image.ensure([NAME])
    assert failed.value.hint.startswith("Docker's disk is full"), failed.value.message
    assert not makers(client)
    assert image.missing([NAME]) is not None
    # Docker's own kind of volume comes in its place, with the room that the engine has.
    client.api.remove_volume(volume)
    place.write_text(place.read_text().replace(', "0ad-data"', ""))
    image.ensure([NAME])
    assert not makers(client)
    done = smoke.try_out(NAME)
    assert done.exit_code == 0, (done.stdout + done.stderr).decode()
