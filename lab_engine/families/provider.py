"""What a provider is: the code that observes, creates and destroys one kind of resource.

A kind is a class in its family's `resources.py`, a provider in its `agent` folder, a line in its
`family.py`, and a case in `tests/families`: the obligations there are the same for every kind.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from typing import ClassVar, Generic, TypeVar

import msgspec

from lab_engine.common.resource import Resource, Stage
from lab_engine.common.sighting import ABSENT, Sighting

__all__ = ["ABSENT", "Mark", "Owned", "Provider", "Say", "Sighting"]

R = TypeVar("R", bound=Resource)
Say = Callable[[str], None]
"""Tells the person who waits what is being done, in a few words."""

MARK_PREFIX = "infralab"


class Mark(msgspec.Struct, frozen=True):
    """Whose a resource is. Readable on the resource itself, without any file of ours."""

    session: str

    def text(self, key: str) -> str:
        """The mark as one string: `infralab:<session>:<kind>/<name>`."""
        return f"{MARK_PREFIX}:{self.session}:{key}"

    def labels(self, key: str) -> dict[str, str]:
        """The mark as Docker labels."""
        return {f"{MARK_PREFIX}.session": self.session, f"{MARK_PREFIX}.resource": key}


class Owned(msgspec.Struct, frozen=True):
    """Something in the bench that bears a mark."""

    key: str
    session: str

    @classmethod
    def parse(cls, text: str) -> Owned | None:
        """Read `Mark.text`; None when `text` is not a mark of ours."""
        prefix, _, rest = text.partition(":")
        session, _, key = rest.partition(":")
        if prefix != MARK_PREFIX or not session or "/" not in key:
            return None
        return cls(key, session)


class Provider(ABC, Generic[R]):
    """Observes, creates and destroys one kind of resource.

    Every method blocks and is called in a thread of the provider's family, never on the agent's
    loop. Each must end within `limits` (seconds); what a provider asks of a daemon carries a time
    limit of its own. Raises ProviderError (or DaemonDown) and nothing else.
    """

    resource: ClassVar[type[Resource]]
    family: ClassVar[str]
    """Which thread pool and which daemon: the name of the family."""
    limits: ClassVar[dict[str, float]] = {}
    in_place: ClassVar[bool] = False
    """Whether `create` sees itself to what is there and has drifted, and may keep most of it. Else
    that is destroyed first."""

    def limit(self, act: str) -> float:
        """Seconds that `observe`, `create`, `destroy` or `ready` may take."""
        return self.limits.get(act, {"observe": 10, "create": 60, "destroy": 30, "ready": 60}[act])

    @abstractmethod
    def observe(self, wanted: Sequence[R], mark: Mark) -> dict[str, Sighting]:
        """What is there now, one sighting for each wanted name."""

    @abstractmethod
    def create(self, wanted: R, mark: Mark, say: Say) -> None:
        """Make it, marked. What is there already under that name and ours is replaced."""

    @abstractmethod
    def destroy(self, name: str, mark: Mark) -> None:
        """Remove it if it bears the mark, half-made or whole. Absent is not an error."""

    @abstractmethod
    def owned(self) -> Iterable[Owned]:
        """Everything of this kind in the bench that bears a mark, of any session."""

    def reached(self, wanted: R, stage: Stage) -> bool:
        """Whether it has reached the stage. Polled until `limit("ready")`."""
        return True
