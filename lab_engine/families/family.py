"""What a family is: everything about one kind of system, said in one place.

A family's folder holds a `family.py` with a `FAMILY`, and what that names. Everything else that
knows of families derives it from there: the protocol's unions, the agent's threads, providers,
readers, events and baselines, the bench image's packages and files, the picture and the shells.

    lab_engine/families/NAME/
      family.py       this descriptor
      resources.py    both ends: what a step can ask for
      probes.py       both ends: what a check can ask
      requirements/   client: what a check can require
      picture.py      client: how it is drawn
      agent/          bench: providers, readers, inventory, events, machinery, interfaces
      rootfs/         files of the bench image, `start-NAME` of its daemon among them
      packages.txt    Debian packages of the bench image
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path
from typing import Any, Final, Literal, Protocol

from lab_engine.common.probe import Probe
from lab_engine.common.resource import Resource

PACKAGE: Final = "lab_engine.families"


class Removal(IntEnum):
    """When an undo takes a kind away: what uses others goes first."""

    PROCESSES = 0
    MACHINES = 1
    """Containers and virtual machines."""
    ATTACHMENTS = 2
    """Mounts and loop devices, which keep what lies below them busy."""
    STORES = 3
    """Images, volumes, pools, and networks that a daemon keeps."""
    NETWORKS = 4
    FILES = 5


class Inventory(Protocol):
    """What of a family is in the bench; a module or an object has these."""

    def entries(self) -> dict[str, str]:
        """Everything that there is: key (`kind/name`) to fingerprint.

        The first line of a fingerprint is what can be told from outside. It holds nothing that
        differs between two runs of the same commands.
        """

    def remove(self, key: str) -> None:
        """Take one entry away. Absent is no error. Raises ProviderError when it stays."""


class Mender(Inventory, Protocol):
    """An Inventory of a family with `mended` kinds."""

    def mend(self, key: str, before: str) -> bool:
        """Bring back an entry that was changed, by its fingerprint; False when that cannot be."""


Spare = Literal["nothing", "own", "home"]
"""What of the learner's files stays as it is: `own` is the home folder without the step's work."""


class Copies(Protocol):
    """What a baseline keeps a copy of, since it cannot be made again from a fingerprint."""

    def snapshot(self, folder: Path) -> None:
        """Copy it into `folder`, which is made anew."""

    def restore(self, folder: Path, spare: Spare) -> None:
        """Bring back what `folder` holds, but for what is spared."""

    def put_away(self, pristine: Path, step: Path, name: str) -> list[str]:
        """Keep what the learner made since both copies under `name`. Returns where it is now."""


class Fleeting(Protocol):
    """What of a family ends with the bench: running programs, what only the kernel holds.

    `kinds` are the resources that live there as long as they bear their mark; others that do are
    among what is `there`, by their keys. A plan makes both again.
    """

    kinds: tuple[str, ...]

    def there(self) -> dict[str, str]:
        """What there is now: key to what a person calls it. Called every few seconds."""

    def again(self, keys: Sequence[str]) -> dict[str, str]:
        """After a stop, start again what is still defined. Returns what resisted, with the reason.

        Keys of what cannot be started, since it was only in memory, are left alone.
        """


class Machinery(Protocol):
    """Which processes are the family's own, and not the learner's."""

    def alone(self, process: Any) -> bool:
        """Whether this process is machinery; what it starts need not be."""

    def whole(self, process: Any) -> bool:
        """Whether this process and all below it are machinery."""


class Interfaces(Protocol):
    """Which interfaces of the bench its daemon makes and takes away by itself."""

    ADDRESSED: bool
    """Whether the daemon gives them their addresses and routes too."""

    def kept(self, names: Iterable[str]) -> set[str]:
        """Those of `names` that are the daemon's doing. Does not ask the daemon."""


@dataclass(frozen=True, slots=True)
class Daemon:
    """A daemon of the bench, started by `/usr/lib/infralab/bin/start-NAME` on demand.

    Args:
        socket: the Unix socket on which it answers.
        programs: names of the programs that a stop of the bench ends.
        starters: beginnings of the names of its programs that start others by themselves, which is
            not the learner's doing.
        pidfile: the file with the number of a second process, without which it does no work.
        folders: where its programs lie.
        behind: the socket of a daemon that it asks, and without which it does no work.
    """

    socket: str
    programs: tuple[str, ...]
    starters: tuple[str, ...] = ()
    pidfile: str = ""
    folders: tuple[str, ...] = ("/usr/sbin", "/usr/bin")
    behind: str = ""


@dataclass(frozen=True, slots=True)
class Shell:
    """How a learner gets a shell in a thing of the family; `{}` in `words` is its name.

    Args:
        words: the command line in the bench, as the learner.
        sign: shown before the name where there is room for one letter.
        piped: the command line without a terminal; `words` when it is the same.
    """

    words: tuple[str, ...]
    sign: str
    piped: tuple[str, ...] = ()

    def argv(self, name: str, *, tty: bool = True) -> list[str]:
        words = self.words if tty else self.piped or self.words
        return [word.replace("{}", name) for word in words]


@dataclass(frozen=True, slots=True)
class Drawn:
    """How a kind of thing stands in the picture.

    Args:
        word: what it is called in a sentence.
        role: a `place` is a box, a `segment` a wire that places are on, a `store` what they keep
            things in.
        sign: one letter before the word; empty for none.
        line: one letter, of which the bar of a segment is drawn, or of a store that several have.
    """

    word: str
    role: str
    sign: str = ""
    line: str = "═"


@dataclass(frozen=True, slots=True)
class Family:
    """One kind of system. Strings such as `address:AddressProvider` are modules of its `agent`.

    They are imported in the bench on first use, so that the client needs no daemon's library, and
    an agent loads only what a lesson needs.

    Args:
        name: as its folder is called.
        threads: how many of its blocking calls run at once in the agent.
        resources: each kind that it makes, with its provider.
        probes: what can be asked of it.
        readers: modules whose tables `READERS` answer the probes.
        places: each kind of place that is a world of its own, with the module whose table `READERS`
            answers other families' probes there.
        topics: each first part of an event topic, with its Source.
        inventory: the module that is its Inventory; empty when it has none.
        removal: each kind in the inventory, with when it is taken away; in this order.
        mended: the kinds that its Inventory can `mend`, rather than take away when they changed.
        within: each kind that stands in a resource of another key, with that one's kind, such as an
            object in a manifest: made again with it, one has another fingerprint, and is as it was.
        copies: the module that is its Copies; empty for most.
        machinery: the module that is its Machinery; empty when it starts nothing.
        interfaces: the module that is its Interfaces; empty when its daemon makes none.
        fleeting: the module that is its Fleeting; empty when all of it outlives a stop.
        journal: the module whose `begin` makes it keep what its daemon tells; empty for most.
        daemon: the daemon that its providers and readers talk to.
        drawn: each kind of thing that its `picture` module adds to the picture.
        shells: each kind of place that a learner can have a shell in.
        pack: the pack without which it can make nothing; empty for what every bench has.
        answer_seconds: how long one of its probes may take.
    """

    name: str
    threads: int
    resources: Mapping[type[Resource], str] = field(default_factory=dict)
    probes: Sequence[type[Probe[Any]]] = ()
    readers: Sequence[str] = ()
    places: Mapping[str, str] = field(default_factory=dict)
    topics: Mapping[str, str] = field(default_factory=dict)
    inventory: str = ""
    removal: Mapping[str, Removal] = field(default_factory=dict)
    mended: Sequence[str] = ()
    within: Mapping[str, str] = field(default_factory=dict)
    copies: str = ""
    machinery: str = ""
    interfaces: str = ""
    journal: str = ""
    fleeting: str = ""
    daemon: Daemon | None = None
    drawn: Mapping[str, Drawn] = field(default_factory=dict)
    shells: Mapping[str, Shell] = field(default_factory=dict)
    pack: str = ""
    answer_seconds: float = 30.0

    def part(self, target: str) -> Any:
        """The module `target` of the family's agent side, or what it names after a colon."""
        module, _, attribute = target.partition(":")
        loaded = importlib.import_module(f"{PACKAGE}.{self.name}.agent.{module}")
        return getattr(loaded, attribute) if attribute else loaded

    def picture(self) -> Callable[..., Any]:
        """The `read` of its picture module, for a family that draws something."""
        read: Callable[..., Any] = importlib.import_module(f"{PACKAGE}.{self.name}.picture").read
        return read
