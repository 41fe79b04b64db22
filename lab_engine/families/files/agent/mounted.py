"""What is mounted at a target of ours: observed, made and taken off alike, whatever it is."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar, TypeVar

from lab_engine.common.sighting import ABSENT, Sighting
from lab_engine.errors import ProviderError
from lab_engine.families.files.agent import marks
from lab_engine.families.files.agent.unmount import covered
from lab_engine.families.files.resources import Mount, Tmpfs
from lab_engine.families.provider import Mark, Provider, Say
from lab_engine.kernel import mountinfo

R = TypeVar("R", bound=Mount | Tmpfs)


class MountedProvider(Provider[R]):
    """The kind says how its mark is read, what may differ, and how it is mounted and taken off."""

    family: ClassVar[str] = "files"

    @abstractmethod
    def ours(self, target: str, entry: mountinfo.MountEntry, text: str) -> bool:
        """Whether the uppermost mount at `target` bears this mark."""

    @abstractmethod
    def facts(self, wanted: R) -> dict[str, str]: ...

    @abstractmethod
    def drift(self, wanted: R, entry: mountinfo.MountEntry) -> str:
        """How the mount differs from what is wanted; empty when it does not."""

    @abstractmethod
    def mount(self, wanted: R, text: str) -> None:
        """Mount it, marked; nothing of ours is there. Raises OSError, ProviderError."""

    @abstractmethod
    def take_off(self, text: str) -> None:
        """Take off all mounts with this mark. Raises OSError, ProviderError."""

    def observe(self, wanted: Sequence[R], mark: Mark) -> dict[str, Sighting]:
        entries = mountinfo.mounts()
        return {one.name: self._sighting(one, mark, entries) for one in wanted}

    def _sighting(self, wanted: R, mark: Mark, entries: list[mountinfo.MountEntry]) -> Sighting:
        entry = mountinfo.at(wanted.target, entries)
        if entry is None:
            return ABSENT
        facts = self.facts(wanted)
        if not self.ours(wanted.target, entry, mark.text(wanted.key)):
            return Sighting(present=True, facts=facts)
        return Sighting(present=True, ours=True, drift=self.drift(wanted, entry), facts=facts)

    def create(self, wanted: R, mark: Mark, say: Say) -> None:
        text = mark.text(wanted.key)
        entry = mountinfo.at(wanted.target, mountinfo.mounts())
        if entry is not None and not self.ours(wanted.target, entry, text):
            raise covered(wanted.target)
        self.destroy(wanted.name, mark)
        try:
            self.mount(wanted, text)
        except OSError as error:
            raise ProviderError(
                f"it cannot be mounted at {wanted.target}: {error.strerror}", resource=wanted.key
            ) from error

    def destroy(self, name: str, mark: Mark) -> None:
        key = f"{self.resource.kind()}/{name}"
        text = mark.text(key)
        with marks.removing(key, "taken off"):
            self.take_off(text)
            # After the mount: what it had to be made for stands below it.
            marks.remove_marked(text)
