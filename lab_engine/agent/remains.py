"""What a bench held in memory, noted while it lasts, and what a fault leaves of it (agent side).

A stop of the bench ends programs, and what only the kernel's memory holds. Afterwards nothing says
what there was: so the agent notes it every few seconds on the bench's own volume. The note of an
earlier run is kept until a client has asked for what can be had again (`Mending`).
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Mapping
from pathlib import Path

import msgspec

from lab_engine.agent import daemons
from lab_engine.agent.ledger import Act, Ledger
from lab_engine.agent.pools import Pools
from lab_engine.agent.providers import provider
from lab_engine.common import replacing
from lab_engine.errors import InfralabError
from lab_engine.families.family import Family, Fleeting
from lab_engine.families.registry import FAMILIES, of_kind
from lab_engine.kernel import processes

log = logging.getLogger(__name__)

LIMIT = 20.0
INIT = 1
Things = dict[str, dict[str, str]]
"""By family: key to what a person calls it."""


class Note(msgspec.Struct, frozen=True):
    """What there was in the run `boot` of the bench whose own files are `files`.

    `ours` are the resources of the step among it. `half_made` is what a killed agent had begun,
    `ran` what a daemon had running when it was found dead and started again.
    """

    boot: str = ""
    files: str = ""
    things: Things = {}
    ours: tuple[str, ...] = ()
    half_made: dict[str, Act] = {}
    ran: Things = {}


class Remains:
    """Keeps the note in `folder`. `old` is what must still be mended."""

    def __init__(self, folder: Path, ledger: Ledger, pools: Pools) -> None:
        self._path = folder / "remains.json"
        self._ledger = ledger
        self._pools = pools
        self._boot = boot()
        # Beside the volume: it goes when the container is replaced, and the volume stays.
        self._files = _name_of_files(folder.with_name(f"{folder.name}-files"))
        self.note = self._load()
        self.stopped = bool(self.note.boot) and self.note.boot != self._boot
        self.replaced = self.stopped and self.note.files != self._files

    def _load(self) -> Note:
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=Note)
        except FileNotFoundError:
            return Note()
        except msgspec.DecodeError:
            log.warning("%s cannot be read: what ran before is not known", self._path)
            return Note()

    @property
    def whole(self) -> bool:
        """Whether nothing has to be mended."""
        return not (self.stopped or self.note.half_made or self.note.ran)

    @property
    def took(self) -> Things:
        """What ran before the fault, and may not run now."""
        return self.note.things if self.stopped else self.note.ran

    def begun(self, acts: Mapping[str, Act]) -> None:
        """Write down what a killed agent had begun, before it is undone."""
        half_made = {**self.note.half_made, **acts}
        self._keep(msgspec.structs.replace(self.note, half_made=half_made))

    def found_dead(self, family: str) -> None:
        """A daemon is about to be started again: what ran in it is for the next Mend."""
        if things := self.note.things.get(family):
            self._keep(msgspec.structs.replace(self.note, ran={**self.note.ran, family: things}))

    @property
    def outlived(self) -> bool:
        """Whether a program that the note tells of has ended: told as lost, it would be a lie."""
        for key in self.note.things.get("process", {}):
            kind, _, name = key.partition("/")
            # Services are in the note, too, by names of their own.
            if kind == "process" and ((now := processes.of_name(name)) is None or now.ended):
                return True
        return False

    async def look(self) -> None:
        """Note what there is now, unless what was there before is not mended yet."""
        now = await self._now(self.note)
        # What was begun meanwhile is in the newer note.
        if not self.stopped:
            self._keep(
                msgspec.structs.replace(now, half_made=self.note.half_made, ran=self.note.ran)
            )

    async def mended(self) -> None:
        """From here on the present counts."""
        self.stopped = self.replaced = False
        self._keep(await self._now(Note()))

    def _keep(self, note: Note) -> None:
        if note != self.note:
            replacing.write(self._path, msgspec.json.encode(note))
            self.note = note

    async def _now(self, before: Note) -> Note:
        things = {
            family.name: found
            for family in FAMILIES.values()
            if (found := await self.there(family, before.things.get(family.name, {})))
        }
        ours: list[str] = []
        standing = {key.partition("/")[0] for key in self._ledger.standing}
        for kind in sorted(filter(fleeting, standing)):
            its = provider(kind)
            owned = await self._pools.run(
                its.family, LIMIT, f"looking for {kind}", lambda its=its: list(its.owned())
            )
            ours += sorted(one.key for one in owned if one.key in self._ledger.standing)
        return msgspec.structs.replace(
            before, boot=self._boot, files=self._files, things=things, ours=tuple(ours)
        )

    async def there(self, family: Family, otherwise: dict[str, str]) -> dict[str, str]:
        """What of a family there is; `otherwise` where its daemon does not answer."""
        if not family.fleeting:
            return {}
        if not daemons.usable(family):
            return otherwise
        its: Fleeting = family.part(family.fleeting)
        try:
            return await self._pools.run(
                family.name, LIMIT, f"looking at what runs in {family.name}", its.there
            )
        except InfralabError as error:
            log.info("what runs in %s cannot be seen: %s", family.name, error)
            return otherwise


def fleeting(kind: str) -> bool:
    """Whether resources of this kind end with the bench, and bear their mark until then."""
    family = of_kind(kind)
    return bool(family and family.fleeting and kind in family.part(family.fleeting).kinds)


def boot() -> str:
    """Differs for each start of the bench, and of the machine below it."""
    init = processes.read(INIT)
    kernel = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    return f"{kernel} {init.start if init else 0}"


def _name_of_files(path: Path) -> str:
    """What tells the container's own files from those of a container made later."""
    try:
        return path.read_text(encoding="ascii")
    except FileNotFoundError:
        name = secrets.token_hex(8)
        path.write_text(name, encoding="ascii")
        return name
