"""What Go compiled for a build that was broken off outlives other packs' builds, not its own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from docker import errors as docker_errors

from lab_engine.bench import image as bench_image
from lab_engine.bench import tool
from lab_engine.errors import ImageError
from lab_engine.packs import begun, image
from tests.packs.building import small

pytestmark = [pytest.mark.bench, pytest.mark.slow, pytest.mark.alone]

PROGRAM = 'package main\n\nfunc main() { println("hello") }\n'
MORE = """
[[go]]
folder = "go"
programs = [{ name = "one", package = "./one" }, { name = "two", package = "./two" }]
"""


def compiled(packs: Path, name: str, second: str = PROGRAM) -> None:
    """Put a pack of two programs into the folder `packs`; the first can be compiled."""
    small(packs, name)
    place = packs / name
    with (place / "pack.toml").open("a") as file:
        file.write(MORE)
    for program, text in {"one": PROGRAM, "two": second}.items():
        (place / "go" / program).mkdir(parents=True)
        (place / "go" / program / "main.go").write_text(text)
    # Its own module, so that no program of the other pack's is the same.
    (place / "go" / "go.mod").write_text(f"module infralab/{name}\n\ngo 1.24\n")
    (place / "go" / "go.sum").write_text("")


def outputs(client: Any, volume: str) -> set[str]:
    """What Go has put into its cache in a volume."""
    argv = ["find", "/media/build", "-type", "f", "-name", "*-d"]
    said = tool.run(client, "looking into a cache", argv, binds=[f"{volume}:/media:ro"])
    return set(said.decode().split())


def volumes(client: Any, cache: str) -> set[str]:
    return {one.name for one in begun.left(client, cache)}


@pytest.mark.timeout(1500)
def test_a_build_that_was_broken_off_keeps_what_it_compiled_while_another_pack_is_built(
    packs: Path, volume: str, client: Any
) -> None:
    compiled(packs, "first", second="package main\n\nfunc main() { absent() }\n")
    compiled(packs, "second")
    with pytest.raises(ImageError, match=r"failed while compiling two \(2 of 2\)"):
        image.ensure(["first"])
    assert volumes(client, volume) == {f"{volume}-first"}
    kept = outputs(client, f"{volume}-first")
    assert kept, "Go had compiled something"

    image.ensure(["second"])
    assert volumes(client, volume) == {f"{volume}-first"}, "the second needs nothing any more"
    assert outputs(client, f"{volume}-first") == kept

    (packs / "first" / "go" / "two" / "main.go").write_text(PROGRAM)
    image.ensure(["first"])
    assert volumes(client, volume) == set()
    listed = tool.run(
        client, "looking into the cache", ["find", "/media/go"], binds=[f"{volume}:/media:ro"]
    )
    assert listed.decode().split() == ["/media/go"], "where the volumes were mounted"


def make(client: Any, cache: str, pack: str) -> str:
    """The volume of a pack, as a container makes it that has ended."""
    one = begun.mount(cache, pack, "/media/go")
    made = client.api.create_volume(one["Source"], labels=one["VolumeOptions"]["Labels"])
    return str(made["Name"])


def test_what_is_older_than_a_week_goes_with_the_next_build(volume: str, client: Any) -> None:
    old, own = make(client, volume, "old"), make(client, volume, "own")
    begun.done(client, volume, "own")
    assert begun.left(client, volume) == [begun.Begun(old, old=False)]
    assert own not in volumes(client, volume)
    later = datetime.now(UTC) + begun.LAST + timedelta(minutes=1)
    assert begun.left(client, volume, later) == [begun.Begun(old, old=True)]
    begun.done(client, volume, "own", later)
    assert volumes(client, volume) == set()


def test_what_a_build_has_at_this_moment_is_not_left(volume: str, client: Any) -> None:
    name = make(client, volume, "busy")
    host = client.api.create_host_config(binds=[f"{name}:/media"])
    made = client.api.create_container(
        bench_image.bench_tag(), command=["true"], labels={"infralab.kind": tool.KIND},
        host_config=host,
    )  # fmt: skip
    try:
        assert volumes(client, volume) == set()
        begun.done(client, volume, "busy")
        client.api.inspect_volume(name)
    finally:
        client.api.remove_container(made["Id"])
    begun.done(client, volume, "busy")
    with pytest.raises(docker_errors.NotFound):
        client.api.inspect_volume(name)
