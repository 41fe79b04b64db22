"""What a probe is: one typed question about the real state of the bench.

A probe is data. The client sends it, a reader of its family answers it in the bench through the
direct API of the thing asked (libvirt, the Docker engine, netlink, /proc), and the client gets a
typed reading. Nothing that a learner's shell prints is ever parsed.
"""

from __future__ import annotations

from typing import ClassVar, Generic, Literal, TypeVar

import msgspec

T = TypeVar("T", bound=msgspec.Struct)
Sees = Literal["real", "parsed"]
"""What an answer tells of: a real resource, or a file of the bench in which anything may stand."""


RESYNC = "resync"
"""The topic of an event that says that others may have been missed."""


class Reading(msgspec.Struct, frozen=True):
    """What was seen. Subclasses have `exists: bool = True` where the thing may be absent.

    `drifts` names the fields that change by themselves, such as how much memory is in use.
    """

    drifts: ClassVar[frozenset[str]] = frozenset()


class Probe(msgspec.Struct, Generic[T], frozen=True, forbid_unknown_fields=True, tag_field="probe"):
    """A question with a typed answer. Subclasses set `tag` and `reading`."""

    reading: ClassVar[type[msgspec.Struct]]

    @property
    def sees(self) -> Sees:
        """Whether a changed answer means that a real resource has changed."""
        return "real"

    def topics(self) -> frozenset[str]:
        """Which events may change the answer, such as `docker:container` or `link`."""
        return frozenset()

    @classmethod
    def name(cls) -> str:
        return str(cls.__struct_config__.tag)


class Answer(msgspec.Struct, frozen=True):
    """One probe's answer: a reading, or in `problem` why there is none."""

    reading: msgspec.Raw = msgspec.Raw(b"null")
    problem: str = ""
    hint: str = ""
