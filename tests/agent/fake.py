"""The provider named `fake`: things in a folder, for unit tests of the engine only."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import ClassVar

from lab_engine.common.resource import Need, Resource, Stage
from lab_engine.errors import ProviderError
from lab_engine.families.family import Family
from lab_engine.families.provider import ABSENT, Mark, Owned, Provider, Say, Sighting


class Thing(Resource, frozen=True, kw_only=True, tag="fake"):
    """A file whose content is `content`. `after` are things that must be there first.

    One that `meets` another is not done before the making of that other has begun.
    """

    content: str = ""
    after: tuple[Need, ...] = ()
    breaks: bool = False
    takes: float = 0.0
    meets: str = ""
    never_ready: bool = False

    def needs(self) -> tuple[Need, ...]:
        return self.after


class FakeProvider(Provider[Thing]):
    resource = Thing
    family = "fake"
    limits: ClassVar[dict[str, float]] = {"ready": 0.3, "create": 2.0}
    world: ClassVar[Path]
    log: ClassVar[list[str]] = []

    def _path(self, name: str) -> Path:
        return self.world / name

    def observe(self, wanted: Sequence[Thing], mark: Mark) -> dict[str, Sighting]:
        found = {}
        for thing in wanted:
            path = self._path(thing.name)
            if not path.exists():
                found[thing.name] = ABSENT
                continue
            whose, _, content = path.read_text().partition("\n")
            drift = "" if content == thing.content else f"content is {content!r}"
            found[thing.name] = Sighting(True, whose == mark.text(thing.key), drift)
        return found

    def create(self, wanted: Thing, mark: Mark, say: Say) -> None:
        self.log.append(f"begin {wanted.name}")
        time.sleep(wanted.takes)
        while wanted.meets and f"begin {wanted.meets}" not in self.log:
            time.sleep(0.01)
        self._path(wanted.name).write_text(f"{mark.text(wanted.key)}\n{wanted.content}")
        say("written")
        if wanted.breaks:
            raise ProviderError("it broke half-way", hint="Try another.")
        self.log.append(f"end {wanted.name}")

    def destroy(self, name: str, mark: Mark) -> None:
        self.log.append(f"destroy {name}")
        path = self._path(name)
        if path.exists() and path.read_text().startswith(mark.text(f"fake/{name}")):
            path.unlink()

    def owned(self) -> Iterable[Owned]:
        for path in self.world.iterdir():
            if owned := Owned.parse(path.read_text().partition("\n")[0]):
                yield owned

    def reached(self, wanted: Thing, stage: Stage) -> bool:
        return not wanted.never_ready


class FakeFamily(Family):
    def part(self, target: str) -> type[FakeProvider]:
        assert target == "FakeProvider"
        return FakeProvider


FAMILY = FakeFamily(name="fake", threads=4, resources={Thing: "FakeProvider"})
