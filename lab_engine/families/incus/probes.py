"""Questions about Incus: its instances, projects, settings, and whom it trusts.

What a limit really is comes from the control group of an instance's processes, what it used too.
The one event topic is `incus`: something happened that Incus tells of (`lifecycle` events).
"""

from __future__ import annotations

from typing import ClassVar, Final

import msgspec

from lab_engine.common.happening import HappeningsReading
from lab_engine.common.probe import Probe, Reading

TOPICS: Final = frozenset({"incus"})


class IncusInstanceReading(Reading, frozen=True):
    """An instance.

    `status` is Incus's word (`Running`, `Stopped`, ...), `image` the fingerprint of the image that
    it was made of, `config` what holds for it, its profiles' part included. `pid` is its first
    process as the bench counts, `pids` are all of them; `memory` in bytes and `cpus` are the limits
    of their control group (None for none), `memory_used` and `cpu_seconds` what that counted.
    `cpu_ticks` are seconds as well, by the ticks of the clock: what metrics tell with cgroup v1,
    and on a busy machine some tenths away from the other. `started_at` and `created_at` are in
    seconds since 1970.
    """

    exists: bool = True
    name: str = ""
    project: str = ""
    uuid: str = ""
    type: str = ""
    status: str = ""
    image: str = ""
    pool: str = ""
    profiles: tuple[str, ...] = ()
    config: dict[str, str] = msgspec.field(default_factory=dict)
    addresses: tuple[str, ...] = ()
    pid: int = 0
    pids: tuple[int, ...] = ()
    memory: int | None = None
    cpus: float | None = None
    memory_used: int = 0
    cpu_seconds: float = 0.0
    cpu_ticks: float = 0.0
    created_at: float = 0.0
    started_at: float = 0.0

    drifts: ClassVar[frozenset[str]] = frozenset(
        {"pids", "memory_used", "cpu_seconds", "cpu_ticks"}
    )

    @property
    def running(self) -> bool:
        return self.status == "Running"


class IncusInstanceProbe(Probe[IncusInstanceReading], frozen=True, tag="incus-instance"):
    """One instance of a project, by its whole name.

    Example::

        IncusInstanceProbe("web1", project="bank")
        reading.running and reading.memory == 64 << 20
    """

    instance: str
    project: str = "default"

    reading: ClassVar[type[msgspec.Struct]] = IncusInstanceReading

    def topics(self) -> frozenset[str]:
        return TOPICS


class IncusInstancesReading(Reading, frozen=True):
    """All instances of all projects, by project and name."""

    instances: tuple[IncusInstanceReading, ...] = ()

    drifts: ClassVar[frozenset[str]] = frozenset({"instances"})

    def of(self, project: str) -> tuple[IncusInstanceReading, ...]:
        """Those of one project."""
        return tuple(one for one in self.instances if one.project == project)

    def named(self, name: str) -> tuple[IncusInstanceReading, ...]:
        """Those of that name, in whichever project."""
        return tuple(one for one in self.instances if one.name == name)


class IncusInstancesProbe(Probe[IncusInstancesReading], frozen=True, tag="incus-instances"):
    """Everything that is rented.

    Example::

        IncusInstancesProbe()
        len(reading.of("bank")) == 2 and all(one.running for one in reading.of("bank"))
    """

    reading: ClassVar[type[msgspec.Struct]] = IncusInstancesReading

    def topics(self) -> frozenset[str]:
        return TOPICS


class IncusImagesReading(Reading, frozen=True):
    """The images of the project `default`: alias to fingerprint."""

    images: dict[str, str] = msgspec.field(default_factory=dict)


class IncusImagesProbe(Probe[IncusImagesReading], frozen=True, tag="incus-images"):
    """What instances can be made of.

    Example::

        IncusImagesProbe()
        "web" in reading.images
    """

    reading: ClassVar[type[msgspec.Struct]] = IncusImagesReading

    def topics(self) -> frozenset[str]:
        return TOPICS


class IncusUse(msgspec.Struct, frozen=True):
    """How much of a kind a project has taken, and may take at most; None for no limit."""

    used: int = 0
    limit: int | None = None


class IncusProjectReading(Reading, frozen=True):
    """A project. `uses` is by kind, as Incus counts: `instances`, `memory` (bytes), `cpu`, ..."""

    exists: bool = True
    name: str = ""
    config: dict[str, str] = msgspec.field(default_factory=dict)
    uses: dict[str, IncusUse] = msgspec.field(default_factory=dict)


class IncusProjectsReading(Reading, frozen=True):
    """All projects, by name."""

    projects: tuple[IncusProjectReading, ...] = ()

    def named(self, name: str) -> IncusProjectReading:
        """The project of that name; one with `exists=False` when there is none."""
        found = (one for one in self.projects if one.name == name)
        return next(found, IncusProjectReading(exists=False, name=name))


class IncusProjectsProbe(Probe[IncusProjectsReading], frozen=True, tag="incus-projects"):
    """The projects, with their limits and what is taken of them.

    Example::

        IncusProjectsProbe()
        reading.named("bank").uses["instances"].limit == 2
    """

    reading: ClassVar[type[msgspec.Struct]] = IncusProjectsReading

    def topics(self) -> frozenset[str]:
        return TOPICS


class IncusServerReading(Reading, frozen=True):
    """The daemon: its settings, and the machine's memory in bytes that all share."""

    version: str = ""
    fingerprint: str = ""
    config: dict[str, str] = msgspec.field(default_factory=dict)
    memory: int = 0


class IncusServerProbe(Probe[IncusServerReading], frozen=True, tag="incus-server"):
    """What the daemon was told. `fingerprint` is that of the certificate which its API shows.

    Example::

        IncusServerProbe()
        reading.config.get("core.https_address") == "10.99.0.1:8443"
    """

    reading: ClassVar[type[msgspec.Struct]] = IncusServerReading

    def topics(self) -> frozenset[str]:
        return TOPICS


class IncusCertificate(msgspec.Struct, frozen=True):
    """A client that is let in. Not `restricted`, it may do all that the daemon can."""

    name: str
    fingerprint: str
    type: str = "client"
    restricted: bool = False
    projects: tuple[str, ...] = ()


class IncusTrustReading(Reading, frozen=True):
    certificates: tuple[IncusCertificate, ...] = ()


class IncusTrustProbe(Probe[IncusTrustReading], frozen=True, tag="incus-trust"):
    """Whom the API lets in, and to what.

    Example::

        IncusTrustProbe()
        any(one.restricted and one.projects == ("bank",) for one in reading.certificates)
    """

    reading: ClassVar[type[msgspec.Struct]] = IncusTrustReading

    def topics(self) -> frozenset[str]:
        return TOPICS


class IncusEventsProbe(Probe[HappeningsReading], frozen=True, tag="incus-events"):
    """What Incus told of a kind of thing (`instance`, `project`, `certificate`, `config`, ...).

    `subject` is a name; an instance's is `NAME`, or `PROJECT_NAME` in a project. Actions are
    Incus's (`created`, `started`, `deleted`, ...). Facts are `project`, and who asked for it:
    `protocol` (`unix` or `tls`), `username` (for `tls` the fingerprint of a certificate) and
    `address`.

    Example::

        IncusEventsProbe("bank_web1")
        any(one.facts["protocol"] == "tls" for one in reading.happenings)
    """

    subject: str = ""
    kind: str = "instance"

    reading: ClassVar[type[msgspec.Struct]] = HappeningsReading

    def topics(self) -> frozenset[str]:
        return TOPICS
