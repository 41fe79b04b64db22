"""What a learner is told when a container is of another image than its name says."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from lab_engine.common.evidence import Unmet
from lab_engine.common.probe import Probe
from lab_engine.families.docker.probes.container import (
    DockerContainerProbe,
    DockerContainerReading,
)
from lab_engine.families.docker.probes.engine import DockerImageReading
from lab_engine.families.docker.requirements.containers import require_container

OLD, NEW = "sha256:" + "a" * 64, "sha256:" + "b" * 64


class Seen:
    """A container of the image `OLD`, and what its name means now."""

    def __init__(self, named: str, now: DockerImageReading) -> None:
        self.container = DockerContainerReading(
            name="web", state="running", image=named, image_id=OLD
        )
        self.now = now

    async def __call__(self, *probes: Probe[Any]) -> Any:
        return [
            self.container if isinstance(one, DockerContainerProbe) else self.now for one in probes
        ]

    async def earliest(self, probe: Probe[Any]) -> Any:
        return self.now


@pytest.mark.parametrize(
    ("named", "now", "observed"),
    [
        ("busybox", DockerImageReading(id=NEW), "It is made of busybox."),
        (
            "myapp:latest",
            DockerImageReading(id=NEW),
            f"It is made of {'a' * 12}, which had this name, too; myapp means {'b' * 12}.",
        ),
        (
            "myapp",
            DockerImageReading(exists=False),
            "There is no image myapp any more: it is made of the one that was called so.",
        ),
    ],
)
def test_another_image(named: str, now: DockerImageReading, observed: str) -> None:
    with pytest.raises(Unmet) as caught:
        asyncio.run(require_container(Seen(named, now), "web", image="myapp"))  # type: ignore[arg-type]
    evidence = caught.value.evidence
    assert evidence.reason == "other-image"
    assert evidence.expected == "web is made of the image myapp."
    assert evidence.observed == observed
