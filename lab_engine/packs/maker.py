"""Run the container in which one pack is compiled, or laid into an image.

One at a time on an engine: the container's name is fixed, and Docker gives a name out once.
"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import msgspec
from docker import errors as docker_errors

from lab_engine import __version__
from lab_engine.bench import engine, owner, tarball, tool
from lab_engine.common.digest import of as digest_of
from lab_engine.course.pack import Recipe
from lab_engine.errors import ImageError
from lab_engine.packs import begun
from lab_engine.packs.handed import handed

NAME: Final = "infralab-pack-maker"
VOLUME: Final = "infralab-packs"
"""What was downloaded and made: a build that was broken off goes on from there."""
INPUTS, CACHE = "/mnt", "/media"
SHARES: Final = 256
"""A quarter of the usual, so that whoever works on the machine meanwhile goes first."""
KEPT: Final = 400
"""Lines of the log that an error can look back on."""
FULL: Final = ("no space left on device", "have enough free space")
"""How programs say that a disk is full, in small letters, as Go does; the second is apt's."""

PROGRAM: Final = "make.py"
HERE: Final = Path(__file__).parents[2]
PARTS: Final = (
    "packs/inside/boxes.py", "packs/inside/common.py", "packs/inside/jars.py",
    "packs/inside/npm.py", "bench/tarball.py", "common/jars.py",
)  # fmt: skip
"""What the program imports, in `lab_engine`."""

Progress = Callable[[str], None]


class Log:
    """What a build writes: its stages as progress, all of it into a file."""

    def __init__(self, path: Path, progress: Progress) -> None:
        self.path = path
        self.tail: list[str] = []
        self.said: list[str] = []
        self._progress = progress
        self._file = path.open("a", encoding="utf-8")

    def line(self, line: str) -> None:
        self._file.write(line + "\n")
        self.tail.append(line)
        del self.tail[:-KEPT]
        if line.startswith("infralab: "):
            self.said.append(line.removeprefix("infralab: "))
            if not self.said[-1].startswith(("failed", "resolved")):
                self._progress(self.said[-1])

    def close(self) -> None:
        self._file.close()


def run(client: Any, recipe: Recipe, parent: str, part: str, log: Log) -> str:
    """Run `compile` or `lay` from the image `parent`; returns the container's id, ended well.

    The caller removes it. Raises ImageError, with the container removed: a step failed, the log
    says which; or another build did not end.
    """
    mounts: list[Mapping[str, Any]] = [{"Type": "volume", "Target": INPUTS}]
    if part == "compile" and recipe.pack.go:
        # Where `inside/make.py` has Go's cache, and empties it when all is compiled.
        mounts.append(begun.mount(VOLUME, recipe.name, f"{CACHE}/go"))
    container = _take(client, parent, part, mounts)
    try:
        _put_inputs(client, container, recipe)
        with engine.explain(f"building the pack {recipe.name}"):
            client.api.start(container)
            stream = client.api.logs(container, stdout=True, stderr=True, stream=True, follow=True)
            rest = b""
            for block in stream:
                *lines, rest = (rest + block).split(b"\n")
                for line in lines:
                    log.line(line.decode(errors="replace").rstrip("\r"))
            code = client.api.wait(container, timeout=60)["StatusCode"]
        if code:
            raise _failed(recipe, part, log)
    except BaseException:
        remove(client, container)
        raise
    return container


def remove(client: Any, container: str) -> None:
    """Remove a build's container with its volume of inputs."""
    with suppress(Exception):
        client.api.remove_container(container, force=True, v=True)


def sweep(client: Any) -> None:
    """Remove the container of a client that was killed while the engine kept its image.

    The next build finds that image, and makes no container that this one would stand in the way of.
    Raises BenchError.
    """
    with engine.explain("looking for what a build has left"), suppress(docker_errors.NotFound):
        there = client.api.inspect_container(NAME)
        if not there["State"]["Running"] and owner.ended(there["Config"]["Labels"]):
            remove(client, there["Id"])


def ensure_volume(client: Any) -> None:
    client.api.create_volume(
        VOLUME, labels={"infralab.kind": "pack-cache", "infralab.version": __version__}
    )


def _failed(recipe: Recipe, part: str, log: Log) -> ImageError:
    stage = next((line for line in reversed(log.said) if not line.startswith("failed")), part)
    full = [line for line in log.tail if any(words in line.lower() for words in FULL)]
    reason = full or [line for line in log.tail if line.startswith(("E: ", "ERROR"))]
    return ImageError(
        f"the pack {recipe.name} failed while {stage}:\n" + "\n".join((reason or log.tail)[-8:]),
        hint="Docker's disk is full: `docker system df` shows what it holds. "
        "What was made so far stays."
        if full
        else f"The whole log is {log.path}. Run it again: it goes on where it was.",
    )


def _take(client: Any, parent: str, part: str, mounts: Sequence[Mapping[str, Any]]) -> str:
    host = client.api.create_host_config(
        # The host's network: a proxy or a mirror may listen on its loopback address only.
        network_mode="host",
        binds=[f"{VOLUME}:{CACHE}"],
        cpu_shares=SHARES,
        init=True,
        log_config={"Type": "json-file", "Config": {"max-size": "16m", "max-file": "1"}},
    )
    host["Mounts"] = list(mounts)
    with engine.explain("making the container that builds a pack"):
        ensure_volume(client)
        _make_way(client)
        made = client.api.create_container(
            parent,
            # No entrypoint and no environment: the image would have them too.
            command=["python3", "-u", f"{INPUTS}/make.py", part],
            name=NAME,
            labels={
                "infralab.kind": tool.MAKER,
                "infralab.version": __version__,
                owner.PROCESS: owner.process(),
            },
            host_config=host,
        )
    return str(made["Id"])


def _make_way(client: Any) -> None:
    """Take away the container of a client that was killed. Raises ImageError when one lives."""
    try:
        there = client.api.inspect_container(NAME)
    except docker_errors.NotFound:
        return
    if there["State"]["Running"] and not owner.ended(there["Config"]["Labels"]):
        raise ImageError(
            "somebody else builds a pack on this engine",
            hint="Wait until it is ready (`docker ps` shows it), then run it again.",
        )
    remove(client, there["Id"])


def _put_inputs(client: Any, container: str, recipe: Recipe) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for name, data in _program().items():
            tarball.add(tar, name, data, mode=0o755)
        tarball.add(tar, "pack.json", msgspec.json.encode(recipe.pack))
        tarball.add(tar, "handed.json", msgspec.json.encode(handed()), mode=0o600)
        for name, data in recipe.files().items():
            mode = (recipe.folder / name).stat().st_mode & 0o777
            tarball.add(tar, f"pack/{name}", data, mode=mode)
    with engine.explain("handing a build its recipe"):
        client.api.put_archive(container, INPUTS, buffer.getvalue())


def digest() -> str:
    """Of the program that makes packs: a change of it may change what is made."""
    return digest_of(sorted((name, data.decode()) for name, data in _program().items()))


def _program() -> dict[str, bytes]:
    """The program that makes packs and what it imports, by their places beside each other."""
    package = HERE / "lab_engine"
    found = {f"lab_engine/{name}": (package / name).read_bytes() for name in PARTS}
    return {PROGRAM: (package / "packs/inside" / PROGRAM).read_bytes(), **found}


def only_file(data: bytes) -> bytes:
    """The one file in a tar that the engine sent."""
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        member = tar.next()
        file = tar.extractfile(member) if member else None
        return file.read() if file else b""
