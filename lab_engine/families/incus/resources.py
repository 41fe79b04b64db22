"""Images, projects and instances of Incus, in the words of its API (doc/rest-api.yaml)."""

from __future__ import annotations

import ipaddress
import re
from typing import ClassVar, Final, Literal

import msgspec

from lab_engine.common.resource import Need, Resource, Stage

DEFAULT: Final = "default"
"""The project that is always there."""
NETWORK: Final = "incusbr0"
GATEWAY: Final = "10.77.0.1"
SUBNET: Final = "10.77.0.0/24"
"""The network that every instance is on unless something else is said, and the bench's address
there. Addresses from .100 on are given by DHCP, those below are free to be named."""
_LEASED_FROM: Final = 100
SERVE: Final = "mkdir -p /www; hostname > /www/index.html; httpd -p 80 -h /www"
"""A page with the machine's own name."""

_ALIAS = re.compile(r"[a-z0-9][a-z0-9-]{0,30}\Z")
_PROJECT = re.compile(r"[a-z0-9][a-z0-9.-]{0,30}\Z")
# An instance's name is a host name (RFC 1123).
_INSTANCE = re.compile(r"(?:[a-z0-9][a-z0-9.-]{0,30}_)?[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?\Z")


def local_name(project: str, instance: str) -> str:
    """How Incus itself calls an instance on its machine: `web1`, and `bank_web1` in a project.

    >>> local_name("default", "web1"), local_name("bank", "web1")
    ('web1', 'bank_web1')
    """
    return instance if project == DEFAULT else f"{project}_{instance}"


def parted(name: str) -> tuple[str, str]:
    """Project and instance of a local name.

    >>> parted("web1"), parted("bank_web1")
    (('default', 'web1'), ('bank', 'web1'))
    """
    # No host name has an underscore, and Incus takes none in a project's name.
    project, _, instance = name.rpartition("_")
    return project or DEFAULT, instance


class IncusImage(Resource, frozen=True, kw_only=True, tag="incus-image"):
    """An image made of the bench's busybox, a megabyte, in the project `default`.

    Its init gets an address by DHCP, runs `runs`, and ends at once when it is told to.

    Args:
        runs: what its init runs besides, in sh; a web server that says the machine's name, unless
            something else is given.
        description: what `incus image list` says of it.

    Example::

        IncusImage("web", description="a web server")
    """

    runs: str = SERVE
    description: str = "a small system"

    name_pattern: ClassVar[re.Pattern[str]] = _ALIAS

    def validate(self) -> None:
        if "\0" in self.runs:
            raise self.wrong("runs", "has a NUL byte")


class IncusProject(Resource, frozen=True, kw_only=True, tag="incus-project"):
    """A project: instances of its own, images and profiles those of `default`.

    Args:
        config: what it is limited to, such as `limits.instances`, in Incus's words and values.

    Example::

        IncusProject("bank", config={"limits.instances": "3"})
    """

    config: dict[str, str] = msgspec.field(default_factory=dict)

    name_pattern: ClassVar[re.Pattern[str]] = _PROJECT

    def validate(self) -> None:
        if self.name == DEFAULT:
            raise self.wrong("name", "is that of the project which is there anyway")
        for key in self.config:
            if not key.startswith(("limits.", "restricted")):
                raise self.wrong("config", f"{key!r} is neither a limit nor a restriction")


class IncusInstance(Resource, frozen=True, kw_only=True, tag="incus-instance"):
    """A container of Incus; its name is `NAME`, or `PROJECT_NAME` in a project of the step.

    Args:
        image: the name of an `incus-image` of the step.
        config: Incus's own settings, such as `limits.memory`.
        address: its address in SUBNET, below .100; empty for one by DHCP.
        state: `stopped` for one that was never started.

    Example::

        IncusInstance("bank_web1", image="web", config={"limits.memory": "64MiB"})
    """

    image: str
    config: dict[str, str] = msgspec.field(default_factory=dict)
    address: str = ""
    state: Literal["running", "stopped"] = "running"

    name_pattern: ClassVar[re.Pattern[str]] = _INSTANCE

    @property
    def project(self) -> str:
        return parted(self.name)[0]

    @property
    def instance(self) -> str:
        return parted(self.name)[1]

    def validate(self) -> None:
        for key in self.config:
            if key.startswith(("volatile.", "user.infralab")):
                raise self.wrong("config", f"{key!r} is written by Incus or by infralab itself")
        if self.address:
            self._check_address()

    def _check_address(self) -> None:
        network = ipaddress.ip_network(SUBNET)
        try:
            number = ipaddress.ip_address(self.address)
        except ValueError:
            raise self.wrong("address", f"{self.address!r} is no address") from None
        last = int(number) - int(network.network_address)
        if number not in network or not 1 < last < _LEASED_FROM:
            raise self.wrong("address", f"{self.address} is not from 10.77.0.2 to 10.77.0.99")

    def needs(self) -> tuple[Need, ...]:
        project = () if self.project == DEFAULT else (Need(f"incus-project/{self.project}"),)
        return (Need(f"incus-image/{self.image}"), *project)

    def final_stage(self) -> Stage:
        # Whoever asks it for its page wants it to have an address.
        return "answers" if self.state == "running" else "created"
