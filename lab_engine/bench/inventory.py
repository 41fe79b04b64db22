"""Everything of ours that a Docker engine holds, found by its labels, and its removal."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Set
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from docker import errors as docker_errors

from lab_engine.bench import engine, image, owner, removal

OURS: Final = {"label": "infralab.kind"}
_REPOSITORIES: Final = (image.BENCH, image.PACK, image.BASE)
IN_USE: Final = "in use by somebody else"


@dataclass(frozen=True, slots=True)
class StoredImage:
    """One tag in the engine; `wanted` if this version of infralab starts benches from it."""

    tag: str
    size: int
    created: str
    wanted: bool


@dataclass(frozen=True, slots=True)
class Holding:
    """One thing of ours in the engine: a container, a volume, a network or an image.

    `stays` says why it is not to be removed: it is somebody else's, or in use by them.
    """

    kind: str
    name: str
    stays: str = field(default="", compare=False)


def images(packed: Collection[str] = ()) -> list[StoredImage]:
    """Our images, newest first; `packed` are tags with packs that this version wants, too.

    Raises:
        DockerUnavailable: no engine answers.
    """
    client = engine.connect()
    wanted = {image.base_tag(), image.bench_tag(), *packed}
    with engine.explain("listing images"):
        found = client.api.images()
    rows = [
        StoredImage(
            tag,
            int(item["Size"]),
            datetime.fromtimestamp(item["Created"], UTC).isoformat(timespec="seconds"),
            tag in wanted,
        )
        for item in found
        for tag in item.get("RepoTags") or ()
        if tag.startswith(tuple(f"{name}:" for name in _REPOSITORIES))
    ]
    return sorted(rows, key=lambda row: row.created, reverse=True)


def holdings(me: str) -> list[Holding]:
    """All that is ours in the engine, in the order in which it can be removed.

    Args:
        me: who asks, as `owner.name` says it. Benches of others, and what those use, stay; while
            others have benches here all images do, since who has no network could not make them
            again.

    Raises:
        DockerUnavailable: no engine answers.
    """
    client = engine.connect()
    with engine.explain("listing what is ours"):
        containers = client.api.containers(all=True, filters=OURS)
        volumes = client.api.volumes(filters=OURS).get("Volumes") or []
        networks = client.api.networks(filters=OURS)
    staying = [item for item in containers if _stays(item, me)]
    theirs = {item["Labels"].get("infralab.session", ""): _stays(item, me) for item in staying}
    mounted = {mount.get("Name") for item in staying for mount in item.get("Mounts") or ()}
    joined = {name for item in staying for name in item["NetworkSettings"]["Networks"]}
    used = _images_of(client, staying)
    ours = [row.tag for row in images()]
    if any("infralab.session" in item["Labels"] for item in staying):
        used.update(ours)

    def shared(kind: str, name: str, users: Set[str], why: str = "") -> Holding:
        return Holding(kind, name, why or (IN_USE if name in users else ""))

    return [
        # First what uses the rest: the engine refuses to remove what is in use.
        *(Holding("container", c["Names"][0].lstrip("/"), _stays(c, me)) for c in containers),
        *(shared("network", item["Name"], joined) for item in networks),
        *(
            shared(
                "volume", v["Name"], mounted, theirs.get(v["Labels"].get("infralab.session"), "")
            )
            for v in volumes
        ),
        *(shared("image", row.name, used) for row in image_holdings(ours)),
    ]


def _stays(item: Any, me: str) -> str:
    """Why a container is not to be removed by `me`; nothing for one that is."""
    labels = item["Labels"]
    if "infralab.session" in labels:
        whose = labels.get(owner.OWNER, "")
        if whose == me:
            return ""
        return f"a bench of {whose}" if whose else "a bench of somebody else"
    return "at work" if item["State"] == "running" else ""


def _images_of(client: Any, containers: Iterable[Any]) -> set[str]:
    """The tags that containers were started from, and those of the images below them."""
    tags: set[str] = set()
    for identity in {str(item["ImageID"]) for item in containers}:
        with engine.explain("looking which images are in use"), suppress(docker_errors.NotFound):
            tags.update(
                tag for layer in client.api.history(identity) for tag in layer.get("Tags") or ()
            )
    return tags


def image_holdings(tags: Iterable[str]) -> list[Holding]:
    """The images as holdings: those that lie on others come first."""
    ordered = sorted(tags, key=lambda tag: _REPOSITORIES.index(tag.partition(":")[0]))
    return [Holding("image", tag) for tag in ordered]


def remove(holdings: Iterable[Holding]) -> list[tuple[Holding, str]]:
    """Remove what `holdings` listed, in that order, and give what is left, each with the reason."""
    client = engine.connect(timeout=300)
    removers: dict[str, Callable[[str], Any]] = {
        "container": lambda name: removal.container(client, name),
        "network": client.api.remove_network,
        "volume": lambda name: removal.volume(client, name),
        "image": client.api.remove_image,
    }
    left: list[tuple[Holding, str]] = []
    for holding in holdings:
        if holding.stays:
            continue
        try:
            removers[holding.kind](holding.name)
        except docker_errors.NotFound:
            continue
        except docker_errors.APIError as error:
            left.append((holding, error.explanation or str(error)))
    return left
