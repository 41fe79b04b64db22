"""The bench's image with packs: the base, a layer for each pack, the agent's code on top.

A pack's image is `infralab/pack:NAME-RECIPE-RESOLVED`. RECIPE changes with the base and with every
recipe below it, RESOLVED with the versions that came; so two lessons with the same packs share
one, and a tag never means two things.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from lab_engine import __version__
from lab_engine import settings as settings_module
from lab_engine.bench import engine, image, owner, tool
from lab_engine.common import digest
from lab_engine.course import pack
from lab_engine.course.lesson import load_course
from lab_engine.course.pack import Recipe
from lab_engine.errors import ImageError, PacksMissing
from lab_engine.packs import begun, maker

REPOSITORY: Final = image.PACK
KIND: Final = "pack-image"
RECIPE_LABEL: Final = "infralab.recipe"
BILLS: Final = "/usr/share/infralab/packs"

Progress = Callable[[str], None]


def missing(names: Iterable[str]) -> PacksMissing | None:
    """What of the packs `names` is not built, to be raised or told; None when all is there.

    Raises:
        DockerUnavailable: no engine answers.
        UsageError: one of them is no pack.
    """
    client = engine.connect()
    wanted = pack.chain(names)
    below, absent = image.base_tag(), list[Recipe]()
    for recipe in wanted:
        found = "" if absent else _find(client, _key(recipe, below))
        if found:
            below = found
        else:
            absent.append(recipe)
    if not absent:
        return None
    download = sum(recipe.pack.size.download for recipe in absent)
    minutes = max(1, round(sum(recipe.pack.size.minutes for recipe in absent)))
    unit = "minute" if minutes == 1 else "minutes"
    cost = f"{download} MB, about {minutes} {unit}"
    return PacksMissing(
        tuple(recipe.name for recipe in absent), cost, tuple(recipe.name for recipe in wanted)
    )


def ensure(names: Sequence[str], progress: Progress = lambda _: None) -> str:
    """Return the tag of the bench image that has the packs `names`, building what is missing.

    Raises:
        DockerUnavailable: no engine answers.
        ImageError: a step of a build failed; what was made so far stays in the cache.
        UsageError: one of them is no pack.
    """
    wanted = pack.chain(names)
    if not wanted:
        return image.ensure_image(progress)
    client = engine.connect()
    below = image.ensure_base(progress)
    for recipe in wanted:
        below = _ensure_pack(client, recipe, below, progress)
    maker.sweep(client)
    told = " ".join(sorted(recipe.name for recipe in wanted))
    return image.ensure_image(progress, parent=below, packs=told)


def current() -> set[str]:
    """The tags of images with packs that this version's recipes and lessons ask for, if built."""
    client = engine.connect()
    known = pack.recipes()
    wanted = {(name,) for name in known} | {one.packs for one in load_course().lessons if one.packs}
    tags: set[str] = set()
    for names in wanted:
        below = image.base_tag()
        for recipe in pack.chain(names, known):
            below = _find(client, _key(recipe, below))
            if not below:
                break
            tags.add(below)
        else:
            tags.add(image.bench_tag(below))
    return tags


def save(
    path: Path, names: Sequence[str], progress: Progress = lambda _: None, *, packages: bool = True
) -> Path:
    """Write the bench image to a file with the packs `names`, each alone and as lessons mix them.

    Those that are missing are built first. Raises as `ensure` and `bench.image.save`.
    """
    image.check_place(path, 0)
    client = engine.connect()
    more: dict[str, int] = {}
    for wanted in mixtures(names):
        ensure(wanted, progress)
        below = image.base_tag()
        for recipe in pack.chain(wanted):
            size = _size(client, below)
            below = _find(client, _key(recipe, below))
            # It holds all that lies below it, which is in the file once.
            more[below] = _size(client, below) - size
    return image.save(path, progress, packages=packages, more=more)


def mixtures(names: Sequence[str]) -> list[tuple[str, ...]]:
    """What to build of the packs `names`: each alone, and those that a lesson wants together.

    Two packs, each built by itself, are not yet an image that has both.
    """
    mixed = dict.fromkeys(one.packs for one in load_course().lessons if len(one.packs) > 1)
    return [*((name,) for name in names), *(mix for mix in mixed if set(mix) <= set(names))]


def there() -> list[str]:
    """The packs that are built, in this version's recipes. Raises DockerUnavailable."""
    return [name for name in pack.recipes() if missing([name]) is None]


def _size(client: Any, tag: str) -> int:
    with engine.explain(f"looking at {tag}"):
        return int(client.api.inspect_image(tag)["Size"])


def bill(name: str) -> dict[str, Any]:
    """What is in a pack's image, as its build wrote it: components with versions and licences.

    Raises ImageError when the pack is not built.
    """
    client = engine.connect()
    below = image.base_tag()
    for recipe in pack.chain([name]):
        below = _find(client, _key(recipe, below))
        if not below:
            raise ImageError(
                f"the pack {recipe.name} is not built", hint=f"infralab setup --packs {name}"
            )
    with engine.explain(f"reading the list of {below}"):
        made = client.api.create_container(
            below, command=["true"], labels={"infralab.kind": tool.KIND}
        )
        try:
            stream, _ = client.api.get_archive(made["Id"], f"{BILLS}/{name}.json")
            data = b"".join(stream)
        finally:
            maker.remove(client, made["Id"])
    found: dict[str, Any] = msgspec.json.decode(maker.only_file(data))
    return found


def _key(recipe: Recipe, below: str) -> str:
    return digest.of([recipe.digest(), below, maker.digest()], 12)


def _find(client: Any, key: str) -> str:
    with engine.explain("looking for the image of a pack"):
        found = client.api.images(filters={"label": [f"{RECIPE_LABEL}={key}"]})
    # A bench image on top of it has its label too.
    tags = [tag for one in found for tag in one.get("RepoTags") or ()]
    return next((str(tag) for tag in tags if tag.startswith(f"{REPOSITORY}:")), "")


def _ensure_pack(client: Any, recipe: Recipe, below: str, progress: Progress) -> str:
    key = _key(recipe, below)
    found = _find(client, key)
    if found:
        return found
    with image.lock(progress, "packs"):
        return _find(client, key) or _build(client, recipe, below, key, progress)


def _build(client: Any, recipe: Recipe, below: str, key: str, progress: Progress) -> str:
    folder = settings_module.load().data_dir / "log"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"pack-{recipe.name}.log"
    path.unlink(missing_ok=True)
    log = maker.Log(path, lambda words: progress(f"pack {recipe.name}: {words}"))
    try:
        if recipe.pack.compiled:
            maker.remove(client, maker.run(client, recipe, image.base_tag(), "compile", log))
            if recipe.pack.go:
                begun.done(client, maker.VOLUME, recipe.name)
        container = maker.run(client, recipe, below, "lay", log)
        try:
            resolved = next(line for line in reversed(log.said) if line.startswith("resolved "))
            tag = f"{recipe.name}-{key}-{resolved.split()[1]}"
            log.line("infralab: writing the image")
            _commit(client, container, tag, key, recipe)
        finally:
            maker.remove(client, container)
    finally:
        log.close()
    return f"{REPOSITORY}:{tag}"


def _commit(client: Any, container: str, tag: str, key: str, recipe: Recipe) -> None:
    labels = {
        "infralab.kind": KIND,
        "infralab.version": __version__,
        "infralab.pack": recipe.name,
        RECIPE_LABEL: key,
        "infralab.bill": f"{BILLS}/{recipe.name}.json",
        # A commit keeps the container's labels, and a bench would have them from its image.
        owner.PROCESS: "",
    }
    changes = ['CMD ["/bin/bash"]']
    changes += [f'LABEL {name}="{value}"' for name, value in labels.items()]
    with engine.explain(f"keeping the pack {recipe.name}"):
        # Its own limit: the engine reads all that was written before it answers.
        slow = engine.connect(timeout=900)
        slow.api.commit(container, repository=REPOSITORY, tag=tag, changes=changes, pause=False)
