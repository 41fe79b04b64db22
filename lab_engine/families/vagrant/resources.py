"""Boxes of Vagrant in the bench."""

from __future__ import annotations

import re
from typing import ClassVar, Final

from lab_engine.common.resource import Resource

BOXES: Final = "/srv/boxes"
OWNER: Final = "infralab"
"""The part of a box's name before the slash."""
_VERSION = re.compile(r"\d{1,4}\.\d{1,4}\.\d{1,4}\Z")


class VagrantBox(Resource, frozen=True, kw_only=True, tag="vagrant-box"):
    """A box for the provider libvirt, in one or more versions, and the catalogue that lists them.

    Its name is `infralab/NAME`. A machine made from it is the small guest, which remembers nothing
    after it was off. `/etc/box` in it says the box's name and version.

    Args:
        versions: as in the catalogue, oldest first; the last is the newest.
        unlisted: versions that the catalogue does not name, but whose machines boot: a learner who
            comes from another step may have added one.

    Example::

        VagrantBox("small", versions=("1.0.0", "1.1.0"))
    """

    versions: tuple[str, ...] = ("1.0.0",)
    unlisted: tuple[str, ...] = ()

    name_pattern: ClassVar[re.Pattern[str]] = re.compile(r"[a-z][a-z0-9-]{0,30}\Z")

    def validate(self) -> None:
        every = (*self.versions, *self.unlisted)
        if not self.versions or len(set(every)) != len(every):
            raise self.wrong("versions", "wants one or more, each once")
        for version in every:
            if not _VERSION.match(version):
                raise self.wrong("versions", f"{version!r} is not like 1.0.0")

    @property
    def box(self) -> str:
        """The name that a Vagrantfile uses."""
        return f"{OWNER}/{self.name}"

    @property
    def path(self) -> str:
        """The folder with the catalogue and the boxes."""
        return f"{BOXES}/{self.name}"

    @property
    def catalogue(self) -> str:
        """What `vagrant box add` takes."""
        return f"{self.path}/catalogue.json"
