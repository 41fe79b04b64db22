"""What Go has downloaded and compiled for packs whose build was broken off: a volume for each pack.

A volume of its own, since what one pack's build is done with is what another's goes on from. It is
removed when its pack is compiled, and otherwise a week after the build began: Go itself keeps
nothing in its cache that was not used for five days.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from docker import errors as docker_errors

from lab_engine import __version__
from lab_engine.bench import engine

KIND: Final = "pack-begun"
BESIDE: Final = "infralab.cache"
"""The label that names the volume which the builds of all packs share."""
LAST: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Begun:
    """A volume that no container uses; `old` when its build began longer than `LAST` ago."""

    name: str
    old: bool


def mount(cache: str, pack: str, place: str) -> Mapping[str, Any]:
    """The volume of a pack as a mount of a container, which makes the volume if there is none.

    Args:
        cache: the volume that the builds of all packs share.
        pack: the pack's name. Of what an earlier recipe of it left, Go uses what is the same.
        place: where the container sees it.
    """
    labels = {
        "infralab.kind": KIND,
        "infralab.version": __version__,
        "infralab.pack": pack,
        BESIDE: cache,
    }
    return {
        "Type": "volume",
        "Source": _name(cache, pack),
        "Target": place,
        "VolumeOptions": {"Labels": labels},
    }


def done(client: Any, cache: str, pack: str, now: datetime | None = None) -> None:
    """Remove the volume of a pack that is compiled, and all that are old.

    Raises BenchError when the engine does not answer.
    """
    names = [_name(cache, pack), *(one.name for one in left(client, cache, now) if one.old)]
    with engine.explain("removing what packs were compiled from"):
        for name in names:
            # Somebody else has removed it, or has begun to build with it.
            with suppress(docker_errors.APIError):
                client.api.remove_volume(name)


def left(client: Any, cache: str, now: datetime | None = None) -> list[Begun]:
    """The volumes that builds left beside `cache`. Raises BenchError when no engine answers."""
    now = now or datetime.now(UTC)
    with engine.explain("looking for builds of packs that were broken off"):
        labels = [f"infralab.kind={KIND}", f"{BESIDE}={cache}"]
        found = client.api.volumes(filters={"label": labels}).get("Volumes") or []
        return [
            Begun(one["Name"], now - datetime.fromisoformat(one["CreatedAt"]) > LAST)
            for one in found
            if not client.api.containers(all=True, filters={"volume": one["Name"]})
        ]


def _name(cache: str, pack: str) -> str:
    return f"{cache}-{pack}"
