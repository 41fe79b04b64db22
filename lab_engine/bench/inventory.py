"""Everything of ours that a Docker engine holds, found by its labels, and its removal."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from docker import errors as docker_errors

from lab_engine.bench import engine, image

OURS: Final = {"label": "infralab.kind"}


@dataclass(frozen=True, slots=True)
class StoredImage:
    """One tag in the engine; `wanted` if this version of infralab starts benches from it."""

    tag: str
    size: int
    created: str
    wanted: bool


@dataclass(frozen=True, slots=True)
class Holding:
    """One thing of ours in the engine: a container, a volume, a network or an image."""

    kind: str
    name: str


def images() -> list[StoredImage]:
    """Our images, newest first.

    Raises:
        DockerUnavailable: no engine answers.
    """
    client = engine.connect()
    wanted = {image.base_tag(), image.bench_tag()}
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
        if tag.startswith((f"{image.BASE}:", f"{image.BENCH}:"))
    ]
    return sorted(rows, key=lambda row: row.created, reverse=True)


def holdings() -> list[Holding]:
    """All that is ours in the engine, in the order in which it can be removed.

    Raises:
        DockerUnavailable: no engine answers.
    """
    client = engine.connect()
    with engine.explain("listing what is ours"):
        containers = client.api.containers(all=True, filters=OURS)
        volumes = client.api.volumes(filters=OURS).get("Volumes") or []
        networks = client.api.networks(filters=OURS)
    return [
        *(Holding("container", item["Names"][0].lstrip("/")) for item in containers),
        *(Holding("network", item["Name"]) for item in networks),
        *(Holding("volume", item["Name"]) for item in volumes),
        *image_holdings(row.tag for row in images()),
    ]


def image_holdings(tags: Iterable[str]) -> list[Holding]:
    """The images as holdings; a bench image lies on its base, so the bases come last."""
    ordered = sorted(tags, key=lambda tag: tag.startswith(f"{image.BASE}:"))
    return [Holding("image", tag) for tag in ordered]


def remove(holdings: Iterable[Holding]) -> list[tuple[Holding, str]]:
    """Remove what `holdings` listed, in that order, and give what is left, each with the reason."""
    client = engine.connect(timeout=300)
    removers: dict[str, Callable[[str], Any]] = {
        "container": lambda name: _remove_container(client, name),
        "network": client.api.remove_network,
        "volume": lambda name: client.api.remove_volume(name, force=True),
        "image": client.api.remove_image,
    }
    left: list[tuple[Holding, str]] = []
    for holding in holdings:
        try:
            removers[holding.kind](holding.name)
        except docker_errors.NotFound:
            continue
        except docker_errors.APIError as error:
            left.append((holding, error.explanation or str(error)))
    return left


def _remove_container(client: Any, name: str) -> None:
    # A moment to end guests and to give back the host's loop devices, then by force.
    with suppress(docker_errors.APIError):
        client.api.stop(name, timeout=2)
    client.api.remove_container(name, force=True, v=True)
