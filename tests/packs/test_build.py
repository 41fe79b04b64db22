"""Packs are really built: whole or not at all, resumed, and without this machine's settings."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from lab_engine.bench import archive, owner
from lab_engine.bench import image as bench_image
from lab_engine.bench.container import Bench
from lab_engine.course import pack
from lab_engine.errors import ImageError
from lab_engine.packs import image, sbom
from tests.packs.building import makers, small, tags

pytestmark = [pytest.mark.bench, pytest.mark.slow, pytest.mark.alone]

KNOWN = pack.recipes()
SMALL = [
    name
    for name in KNOWN
    for sizes in [[one.pack.size for one in pack.chain([name], KNOWN)]]
    if sum(one.installed for one in sizes) <= 130 and sum(one.minutes for one in sizes) <= 1
]
"""MB and minutes, with what they need. `infralab packs --smoke NAME` tries the bigger ones."""
SECRET = f"secret-{secrets.token_hex(8)}"


def test_a_bench_has_what_its_pack_brings(
    packs: Path, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    small(packs)
    monkeypatch.setenv("NO_PROXY", f"localhost,{SECRET}.example")
    asked = image.missing(["small"])
    assert asked is not None
    assert asked.names == ("small",)
    told: list[str] = []
    tag = image.ensure(["small"], told.append)
    assert any("installing packages" in words for words in told)
    assert image.missing(["small"]) is None
    assert image.ensure(["small"]) == tag

    bench = Bench.create(f"pack-{secrets.token_hex(3)}", tag=tag, memory=512 << 20, passing=True)
    try:
        assert bench.run(["figlet", "hi"]).exit_code == 0
        assert bench.run(["cat", "/opt/hello"]).stdout.startswith(b"hello ")
        found = bench.run(["grep", "-rlI", SECRET, "/etc", "/usr", "/opt", "/var", "/root"])
        assert found.stdout == b""
    finally:
        bench.remove()
    below = next(tag for tag in tags(client) if tag.startswith(f"{image.REPOSITORY}:small-"))
    assert SECRET not in str(client.api.history(below)) + str(client.api.inspect_image(below))
    assert not client.api.inspect_image(below)["Config"]["Labels"][owner.PROCESS], "it is nobody's"
    bill = image.bill("small")
    assert "figlet" in {one["name"] for one in bill["components"]}
    assert not makers(client)


def test_a_build_that_fails_says_where_and_leaves_nothing(packs: Path, client: Any) -> None:
    small(packs, finish="echo 'it goes wrong here' >&2\nfalse\n")
    with pytest.raises(ImageError, match="failed while finishing") as failed:
        image.ensure(["small"])
    assert "it goes wrong here" in failed.value.message
    log = Path(failed.value.hint.partition("log is ")[2].partition(". Run")[0])
    assert "it goes wrong here" in log.read_text()
    assert not makers(client)
    assert image.missing(["small"]) is not None


def test_a_build_that_is_killed_goes_on_the_next_time(packs: Path, client: Any) -> None:
    small(packs, finish="sleep 3\n")
    program = (
        "import pathlib\n"
        "from lab_engine.course import pack\n"
        "from lab_engine.packs import image\n"
        f"pack.root = lambda: pathlib.Path({str(packs)!r})\n"
        "image.ensure(['small'], lambda words: print(words, flush=True))"
    )
    words = [sys.executable, "-c", program]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as killed:
        assert killed.stdout is not None
        for line in killed.stdout:
            if "finishing" in line:
                break
        os.kill(killed.pid, signal.SIGKILL)
    assert makers(client), "the container outlives its client"
    image.ensure(["small"])
    assert not makers(client)
    volumes = client.api.volumes(filters={"dangling": True})["Volumes"] or []
    recent = [one for one in volumes if one["Labels"] is None and _age(one) < 120]
    assert not recent, "the inputs' volume went with its container"


BROUGHT = """
[[maven]]
lock = "jars.lock"
into = "/opt/packs/brought/lib"
[[image]]
name = "shell"
files = ["/bin/bash"]
folder = "box"
cmd = ["bash", "-c", "cat /hello"]
"""
JARS = (
    "org.slf4j:slf4j-api:2.0.17 "
    "sha256=7b751d952061954d5abfed7181c1f645d336091b679891591d63329c622eb832\n"
)


def test_jars_and_container_images_are_brought(packs: Path) -> None:
    small(packs)
    place = packs / "small"
    with (place / "pack.toml").open("a") as file:
        file.write(BROUGHT)
    (place / "jars.lock").write_text(JARS)
    (place / "box").mkdir()
    (place / "box" / "hello").write_text("hello from a box\n")
    tag = image.ensure(["small"])

    bench = Bench.create(f"pack-{secrets.token_hex(3)}", tag=tag, memory=512 << 20, passing=True)
    try:
        jar = bench.run(["sha256sum", "/opt/packs/brought/lib/slf4j-api-2.0.17.jar"])
        assert jar.stdout.decode().split()[0] == JARS.split("sha256=")[1].strip()
        load = (
            "/usr/lib/infralab/bin/start-docker; docker load -qi /usr/lib/infralab/images/shell.tar"
        )
        done = bench.run(
            ["sh", "-c", f"{load} && docker run --rm --network none shell"], timeout=60
        )
        assert done.stdout.endswith(b"hello from a box\n"), done
        # Bash itself, with its libraries, not busybox's.
        bash = "docker run --rm --network none shell bash -c 'echo $BASH_VERSION'"
        assert bench.run(["sh", "-c", bash], timeout=60).stdout.strip()
    finally:
        bench.remove()
    components = {one["name"]: one for one in image.bill("small")["components"]}
    assert components["org.slf4j:slf4j-api"]["licence"]
    assert components["shell"]["type"] == "container"
    assert components["bash"]["version"]
    assert sbom.cyclonedx(image.bill("small"))["components"]


def test_a_jar_that_is_not_the_locks_is_refused(packs: Path) -> None:
    small(packs)
    with (packs / "small" / "pack.toml").open("a") as file:
        file.write('[[maven]]\nlock = "jars.lock"\ninto = "/opt/x"\n')
    (packs / "small" / "jars.lock").write_text(JARS.partition("sha256")[0] + f"sha256={'0' * 64}\n")
    with pytest.raises(ImageError, match="and the lock says 000"):
        image.ensure(["small"])


def test_a_smoke_test_is_run_to_its_end(packs: Path) -> None:
    """Also after a command that reads its input, which the script itself once was."""
    from lab_engine.packs import smoke

    small(packs)
    (packs / "small" / "smoke.sh").write_text("cat > /dev/null\necho there\nexit 7\n")
    done = smoke.try_out("small")
    assert (done.exit_code, done.stdout) == (7, b"there\n")


def test_a_classroom_gets_packs_in_a_file(packs: Path, client: Any, tmp_path: Path) -> None:
    small(packs)
    with pytest.raises(ImageError, match="no folder"):
        image.save(tmp_path / "none" / "class.tar", ["small"], pytest.fail)
    file = image.save(tmp_path / "class.tar", ["small"], packages=False)
    (tag,) = (tag for tag in archive.image_tags(file) if tag.startswith(image.REPOSITORY))
    assert tag.startswith(f"{image.REPOSITORY}:small-")
    for one in sorted(tags(client), reverse=True):
        # The bench image lies on the pack's.
        if (
            ":small-" in one
            or client.api.inspect_image(one)["Config"]["Labels"].get("infralab.packs") == "small"
        ):
            client.api.remove_image(one, force=True)
    assert image.there() == []
    bench_image.load(file)
    assert image.there() == ["small"]
    told: list[str] = []
    image.ensure(["small"], told.append)
    assert not any("installing packages" in words for words in told)


def _age(volume: Any) -> float:
    from datetime import datetime

    return time.time() - datetime.fromisoformat(volume["CreatedAt"]).timestamp()


@pytest.mark.parametrize("name", SMALL)
def test_a_pack_does_real_work_in_a_bench(name: str) -> None:
    from lab_engine.packs import smoke

    done = smoke.try_out(name)
    assert done.exit_code == 0, (done.stdout + done.stderr).decode()
