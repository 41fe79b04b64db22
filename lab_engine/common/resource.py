"""What every resource has in common: a kind, a name, a key, and what it needs."""

from __future__ import annotations

import re
from typing import ClassVar, Literal

import msgspec

from lab_engine.errors import ResourceError

Stage = Literal["created", "running", "answers"]
"""How far a resource must be before what needs it may begin.

`created`: it exists. `running`: its process or link is up. `answers`: it does its work
(a guest agent replies, a port accepts, a health check passes).
"""

# `\Z`: `$` would let a line end pass.
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}\Z")


class Need(msgspec.Struct, frozen=True):
    """An edge of the plan: the resource `key` must have reached `stage` first."""

    key: str
    stage: Stage = "created"


class Resource(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind"):
    """One thing that a step has made for it in the bench.

    Subclasses set `tag` to their kind, add keyword-only fields, and say in `needs` what they
    refer to. Raises ResourceError when a field does not hold.
    """

    name: str

    name_pattern: ClassVar[re.Pattern[str]] = NAME

    def __post_init__(self) -> None:
        if not self.name_pattern.match(self.name):
            raise self.wrong("name", f"{self.name!r} is not a name that this kind accepts")
        self.validate()

    def validate(self) -> None:
        """Check the fields. Call `raise self.wrong(field, message)` for a bad one."""

    def needs(self) -> tuple[Need, ...]:
        """What must be there first, from this resource's references."""
        return ()

    def final_stage(self) -> Stage:
        """The stage that provisioning waits for before the learner begins."""
        return "running"

    @classmethod
    def kind(cls) -> str:
        """The kind's name, as in keys and in `infralab plan`."""
        return str(cls.__struct_config__.tag)

    @property
    def key(self) -> str:
        """`kind/name`, unique within a step."""
        return f"{self.kind()}/{self.name}"

    def wrong(self, field: str, message: str, *, hint: str = "") -> ResourceError:
        return ResourceError(message, resource=self.key, field=field, hint=hint)
