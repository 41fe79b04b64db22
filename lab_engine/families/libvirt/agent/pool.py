"""Makes storage pools of type dir. The mark is on the folder."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, ClassVar, Final
from xml.etree import ElementTree as ET

from lab_engine.common.resource import Resource, Stage
from lab_engine.errors import ProviderError
from lab_engine.families.libvirt.agent import kept, marks
from lab_engine.families.libvirt.agent.connection import connect, found, told
from lab_engine.families.libvirt.agent.parsed import parsed
from lab_engine.families.libvirt.resources import Pool
from lab_engine.families.provider import ABSENT, Mark, Owned, Provider, Say, Sighting

FOLDER: Final = Path("/var/lib/libvirt/pools")


def path_of(pool: Any) -> str:
    """The folder of a `libvirt.virStoragePool`."""
    root = parsed(pool.XMLDesc(0))
    return root.findtext("target/path", "")


class PoolProvider(Provider[Pool]):
    """Pools in folders of their own below `/var/lib/libvirt/pools`."""

    resource: ClassVar[type[Resource]] = Pool
    family: ClassVar[str] = "libvirt"

    def observe(self, wanted: Sequence[Pool], mark: Mark) -> dict[str, Sighting]:
        seen: dict[str, Sighting] = {}
        with told("looking for pools"):
            for one in wanted:
                pool = found(connect().storagePoolLookupByName, one.name)
                seen[one.name] = ABSENT if pool is None else _sighting(one, pool, mark)
        return seen

    def create(self, wanted: Pool, mark: Mark, say: Say) -> None:
        connection = connect()
        folder = Path(wanted.path)
        with told("looking for a pool of this name", wanted.key):
            there = found(connection.storagePoolLookupByName, wanted.name)
            if there is not None:
                hint = f"`virsh pool-destroy {wanted.name}` and `pool-undefine` remove it."
                marks.refuse(marks.of_file(path_of(there)), mark, wanted, "a pool", hint)
        self.destroy(wanted.name, mark)
        try:
            # Marked before the pool is defined, so that `owned` finds it after a crash in between.
            folder.mkdir(mode=0o755, parents=True, exist_ok=True)
            marks.put_on_file(folder, mark.text(wanted.key))
        except OSError as error:
            raise ProviderError(
                f"its folder cannot be made: {error}", resource=wanted.key
            ) from error
        root = ET.Element("pool", type="dir")
        ET.SubElement(root, "name").text = wanted.name
        ET.SubElement(ET.SubElement(root, "target"), "path").text = wanted.path
        with told("making it", wanted.key):
            pool = connection.storagePoolDefineXML(ET.tostring(root, encoding="unicode"), 0)
            pool.create(0)
            pool.setAutostart(int(wanted.autostart))

    def destroy(self, name: str, mark: Mark) -> None:
        """The folder goes too, unless something that is not ours lies in it."""
        key = f"{Pool.kind()}/{name}"
        folder = FOLDER / name
        if marks.of_file(folder) != mark.text(key):
            return
        with told("removing it", key):
            pool = found(connect().storagePoolLookupByName, name)
            # The name may have been given to another pool since.
            if pool is not None and path_of(pool) == str(folder):
                kept.remove(pool)
        try:
            if any(folder.iterdir()):
                # What others keep in it is theirs, and so is the folder from here on.
                marks.take_off_file(folder)
            else:
                folder.rmdir()
        except OSError as error:
            raise ProviderError(f"its folder cannot be removed: {error}", resource=key) from error

    def owned(self) -> Iterable[Owned]:
        if not FOLDER.is_dir():
            return []
        texts = [marks.of_file(folder) for folder in FOLDER.iterdir()]
        return [owned for text in texts if (owned := Owned.parse(text)) is not None]

    def reached(self, wanted: Pool, stage: Stage) -> bool:
        with told("looking whether it runs", wanted.key):
            pool = found(connect().storagePoolLookupByName, wanted.name)
            return pool is not None and (stage == "created" or bool(pool.isActive()))


def _sighting(wanted: Pool, pool: Any, mark: Mark) -> Sighting:
    path = path_of(pool)
    ours = marks.of_file(path) == mark.text(wanted.key)
    drift = ""
    if ours and path != wanted.path:
        drift = f"is in {path}, wanted {wanted.path}"
    elif ours:
        drift = kept.drift(pool, autostart=wanted.autostart)
    return Sighting(present=True, ours=ours, drift=drift, facts={"path": path})
