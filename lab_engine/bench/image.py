"""Build, save and load the image that benches are started from.

`infralab/base:<hash>` holds the Debian packages and takes minutes; `infralab/bench:<hash>` adds the
agent's code and takes seconds. A tag appears only when its image is complete.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from docker import errors as docker_errors

from lab_engine import __version__
from lab_engine import settings as settings_module
from lab_engine.bench import archive, base, build, engine, recipe, wheels
from lab_engine.common import replacing
from lab_engine.common.digest import of as digest_of
from lab_engine.errors import ImageError

BASE: Final = build.BASE
BENCH: Final = build.BENCH
PACK: Final = "infralab/pack"
PACKS_LABEL: Final = "infralab.packs"
Progress = build.Progress
KEPT: Final = 4
"""How many older bench images stay, so that a session in use by another checkout keeps its own."""
KEPT_BASES: Final = 3
"""As for KEPT; each takes minutes to make again."""


@dataclass(frozen=True, slots=True)
class ImageState:
    """What there is: the tags this version wants, whether they exist, the image's size in bytes."""

    base: str
    bench: str
    base_present: bool
    bench_present: bool
    size: int


def base_tag() -> str:
    """The tag of the base image that this version wants."""
    return f"{BASE}:{recipe.base_hash()}"


def bench_tag(parent: str = "") -> str:
    """The tag of the bench image that this version of the code wants.

    `parent` is the image that it lies on, with packs; the base without.
    """
    return _tag(recipe.layer(), parent)


def _tag(entries: list[recipe.Entry], parent: str) -> str:
    own = recipe.layer_hash(entries)
    if parent and parent != base_tag():
        own = digest_of([own, parent], 12)
    return f"{BENCH}:{own}"


def state() -> ImageState:
    """Look at the engine without changing anything.

    Raises:
        DockerUnavailable: no engine answers.
    """
    client = engine.connect()
    base_name, bench_name = base_tag(), bench_tag()
    found = _inspect(client, bench_name)
    return ImageState(
        base_name,
        bench_name,
        _inspect(client, base_name) is not None,
        found is not None,
        int(found["Size"]) if found else 0,
    )


def ensure_base(progress: Progress = lambda _: None) -> str:
    """Return the tag of the base image, building it if it is missing. Raises as `ensure_image`."""
    client = engine.connect()
    name = base_tag()
    if _inspect(client, name) is None:
        with lock(progress):
            if _inspect(client, name) is None:
                base.make(name, progress)
    return name


def ensure_image(progress: Progress = lambda _: None, *, parent: str = "", packs: str = "") -> str:
    """Return the tag of the bench image, building what is missing.

    Args:
        progress: told what takes long.
        parent: an image that is there, with `packs` on the base; the base when left out.
        packs: the names of the packs in it, for whoever lists images.

    Raises:
        DockerUnavailable: no engine answers.
        ImageError: a build failed; nothing half-made is left.
    """
    client = engine.connect()
    entries = recipe.layer()
    tag = _tag(entries, parent)
    if _inspect(client, tag) is not None:
        return tag
    below = parent or ensure_base(progress)
    # Of two that find no image, one builds; the other waits, and finds it then.
    with lock(progress):
        if _inspect(client, tag) is not None:
            return tag
        progress("adding the agent to the bench image")
        _build_layer(below, tag, entries, packs)
        _drop_halves(client, tag)
        _drop_old(client, keep=tag, packs=packs)
    return tag


def _build_layer(below: str, tag: str, entries: list[recipe.Entry], packs: str) -> None:
    labels = {
        "infralab.kind": "bench-image",
        "infralab.version": __version__,
        "infralab.base": base_tag(),
        PACKS_LABEL: packs,
        "infralab.hash": tag.partition(":")[2],
    }
    lines = [
        f"FROM {below}",
        "LABEL " + " ".join(f'{key}="{value}"' for key, value in labels.items()),
        "ADD layer.tar /",
        *(f"RUN {command}" for command in recipe.RUNS),
        "ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8"
        " LIBVIRT_DEFAULT_URI=qemu:///system",
        'ENTRYPOINT ["/usr/lib/infralab/entrypoint"]',
    ]
    files = {"Dockerfile": "\n".join(lines).encode(), "layer.tar": recipe.layer_tar(entries)}
    client = engine.connect(timeout=300)
    build.build_from(
        client, archive.tar_of(files), tag, build.Follower(lambda _: None), network_mode="none"
    )


def save(
    path: Path,
    progress: Progress = lambda _: None,
    *,
    packages: bool = True,
    more: Mapping[str, int] | None = None,
) -> Path:
    """Write the image (base and bench) to `path` as a tar, and its SHA-256 beside it.

    Args:
        path: the file.
        progress: told what takes long.
        packages: whether a clone's locked Python packages go into it, too.
        more: tags of other images that go into it, each with the bytes that it adds.

    Raises:
        ImageError: there is no image to save, or the file cannot be written.
    """
    # Twice: the folder before an image is built, the room as soon as the size is known.
    check_place(path, 0)
    tag = ensure_image(progress)
    # The engine writes the whole archive to a folder of its own before it sends the first byte
    # (Moby, image/tarexport/save.go): until then it is silent.
    client = engine.connect(timeout=600)
    more = more or {}
    check_place(path, int(_inspect(client, tag)["Size"]) + sum(more.values()))
    names = [name for name in (tag, base_tag(), *more) if _inspect(client, name) is not None]
    try:
        with (
            tempfile.TemporaryDirectory() as folder,
            replacing.file(path) as fresh,
            engine.explain(f"saving {tag}"),
        ):
            # Before the long work: without a network it fails at once.
            found = wheels.gather(Path(folder), progress) if packages else []
            # The SDK's own method takes one name; both are wanted, so that code can change offline.
            response = client.api._get(
                client.api._url("/images/get"), params={"names": names}, stream=True
            )
            response.raise_for_status()
            with fresh.open("wb") as file:
                tick = _megabytes(progress, f"saving {path.name}")
                archive.copy_hashed(response.iter_content(1 << 20), file, tick)
            archive.complete(fresh, found)
            digest = _sum(fresh, _megabytes(progress, f"checking {path.name}"))
        path.with_name(path.name + ".sha256").write_text(f"{digest}  {path.name}\n")
    except OSError as error:
        raise _unwritable(path, error.strerror or str(error)) from error
    return path


def check_place(path: Path, size: int) -> None:
    """Look whether a file of `size` bytes can be written at `path`, before minutes are spent.

    Raises ImageError.
    """
    if path.is_dir():
        raise ImageError(f"{path} is a folder", hint=f"Name a file: {path / 'bench.tar'}")
    folder = path.parent
    if not folder.is_dir():
        raise ImageError(f"there is no folder {folder}", hint=f"Make it: mkdir -p {folder}")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise _unwritable(path, f"this user may not write to {folder}")
    free = shutil.disk_usage(folder).free
    if free < size:
        found = f"it needs {size >> 20} MiB, and {folder} has {free >> 20} MiB free"
        raise _unwritable(path, found)


def _unwritable(path: Path, reason: str) -> ImageError:
    return ImageError(
        f"{path} cannot be written: {reason}",
        hint="Choose a folder that you may write to, with enough room.",
    )


def load(path: Path, progress: Progress = lambda _: None) -> str:
    """Load an image that `save` wrote, and return the tag of the bench image.

    Raises:
        ImageError: the file is missing, damaged, no bench image, or made for another version.
    """
    tags = _tags_in(path)
    _check_sum(path, progress)
    wanted_base, wanted = base_tag(), bench_tag()
    # The base is enough: what lies on it is made from this code in seconds.
    if wanted not in tags and wanted_base not in tags:
        raise ImageError(
            f"{path} holds {', '.join(tags)}; this version of infralab wants {wanted}",
            hint="Save it again with the same version of infralab, or update one of the two.",
        )
    client = engine.connect(timeout=600)
    progress(f"loading {path.name} into Docker")
    with engine.explain(f"loading {path}"), path.open("rb") as file:
        for message in client.api.load_image(file, quiet=True):
            if "error" in message:
                raise _unloadable(path, str(message["error"]))
    return ensure_image(progress)


def _unloadable(path: Path, reason: str) -> ImageError:
    if "no space left" in reason:
        return ImageError(
            f"{path} does not fit on Docker's disk: {reason}",
            hint="Make room there (`docker system df` shows what Docker holds), then try again.",
        )
    return ImageError(
        f"{path} cannot be loaded: {reason}", hint="Copy the file again; it seems damaged."
    )


def _tags_in(path: Path) -> list[str]:
    try:
        tags = archive.image_tags(path)
    except FileNotFoundError:
        raise ImageError(f"there is no file {path}", hint="Check the path.") from None
    except OSError as error:
        raise ImageError(
            f"{path} cannot be read: {error.strerror or error}", hint="Check the path."
        ) from error
    except (tarfile.TarError, ValueError) as error:
        raise ImageError(
            f"{path} is no image archive, or is damaged: {error}",
            hint="Copy it again, or save it again with `infralab image save FILE`.",
        ) from error
    if not any(tag.startswith((f"{BENCH}:", f"{BASE}:")) for tag in tags):
        raise ImageError(
            f"{path} holds {', '.join(tags) or 'no image'}, not an image of infralab",
            hint="Use a file that `infralab image save FILE` wrote.",
        )
    return tags


def _check_sum(path: Path, progress: Progress) -> None:
    try:
        wrong = archive.damage(path)
    except (tarfile.TarError, ValueError, OSError, EOFError) as error:
        wrong = str(error)
    if wrong:
        raise ImageError(f"{path} is damaged: {wrong}", hint="Copy the file again.")
    side = path.with_name(path.name + ".sha256")
    if not side.exists():
        return
    expected = (side.read_text(errors="replace").split() or ["nothing"])[0]
    found = _sum(path, _megabytes(progress, f"checking {path.name}"))
    if found != expected:
        raise ImageError(
            f"{path} is damaged: its SHA-256 is {found}, {side.name} says {expected}",
            hint="Copy the file again.",
        )


def _sum(path: Path, tick: Callable[[int], None]) -> str:
    with path.open("rb") as file:
        return archive.copy_hashed(iter(lambda: file.read(1 << 20), b""), None, tick)


def _megabytes(progress: Progress, what: str) -> Callable[[int], None]:
    last = time.monotonic()

    def tick(done: int) -> None:
        nonlocal last
        if time.monotonic() - last > 1:
            last = time.monotonic()
            progress(f"{what}: {done >> 20} MiB")

    return tick


def _inspect(client: Any, name: str) -> Any:
    with engine.explain(f"looking for the image {name}"):
        try:
            return client.api.inspect_image(name)
        except docker_errors.ImageNotFound:
            return None


def _drop_old(client: Any, keep: str, packs: str) -> None:
    """Remove all but the newest few images of each kind; one that a container uses stays.

    Of bench images only those with the same packs are compared.
    """
    for kind, kept in (("bench-image", KEPT), ("base-image", KEPT_BASES)):
        with suppress(docker_errors.APIError):
            found = client.api.images(filters={"label": f"infralab.kind={kind}"})
            if kind == "bench-image":
                found = [one for one in found if one["Labels"].get(PACKS_LABEL, "") == packs]
            found.sort(key=lambda image: image["Created"], reverse=True)
            for image in found[1 + kept :]:
                for tag in image.get("RepoTags") or []:
                    if tag not in (keep, base_tag()) and tag.startswith((f"{BENCH}:", f"{BASE}:")):
                        with suppress(docker_errors.APIError):
                            client.api.remove_image(tag)


def _drop_halves(client: Any, tag: str) -> None:
    """Remove what builds left that were killed: images without a name, of this one or of long ago.

    A younger one of another edition may be what somebody else builds on just now.
    """
    own = {"label": f"infralab.hash={tag.partition(':')[2]}"}
    for which in (own, {"label": "infralab.kind=bench-image", "until": "1h"}):
        with suppress(docker_errors.APIError):
            client.api.prune_images({"dangling": True, **which})


@contextmanager
def lock(progress: Progress, what: str = "image") -> Iterator[None]:
    """Only one process of this user builds it at a time; others wait, and say so.

    `what` is `image` for base and bench, which take seconds once the base is there, and `packs`.
    """
    folder = settings_module.load().cache_dir
    folder.mkdir(parents=True, exist_ok=True)
    # A lock of the kernel's: it goes with its process, however that ends (flock(2)).
    with (folder / f"{what}.lock").open("w") as file:
        told = False
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if not told:
                    progress(f"another infralab builds the {what}; waiting for it")
                    told = True
                time.sleep(0.3)
        yield
