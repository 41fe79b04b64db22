"""Follows Vagrant's notes to the domains and containers behind them (agent side)."""

from __future__ import annotations

import os
import re
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree as ET

import docker.errors
import msgspec

from lab_engine.common.probe import Probe
from lab_engine.families.docker.agent import named
from lab_engine.families.docker.agent.engine import asking
from lab_engine.families.files.agent.readers import read_file
from lab_engine.families.files.probes import FileProbe
from lab_engine.families.vagrant.probes import (
    VagrantMachine,
    VagrantMachinesProbe,
    VagrantMachinesReading,
    VagrantProjectsProbe,
    VagrantProjectsReading,
)

WORK: Final = "/home/learner/work"
_MOST: Final = 40
"""Machines that are followed. Each is a question to a daemon."""
_DEPTH: Final = 3
_BOX_VOLUME: Final = re.compile(r"(.+)_vagrant_box_image_(\d[\w.]*?)_box(_\d+)?\.img\Z")
"""How vagrant-libvirt calls a box's disk in the pool (handle_box_image.rb)."""
_CONTAINER: Final = re.compile(r"[0-9a-f]{64}\Z")


def _text(path: Path) -> str:
    """A small text in the learner's folder, whatever lies there; empty when it is none."""
    found = read_file(FileProbe(str(path)))
    return found.content.strip() if found.exists and found.kind == "file" else ""


def _below(folder: Path) -> Iterator[Path]:
    try:
        with os.scandir(folder) as found:
            names = sorted(one.name for one in found if one.is_dir())
    except OSError:
        # Not there, no folder, a link to itself: nothing is in it.
        return
    yield from (folder / name for name in names)


def machines(probe: VagrantMachinesProbe) -> VagrantMachinesReading:
    project = Path(probe.project)
    found: list[VagrantMachine] = []
    for machine in _below(project / ".vagrant/machines"):
        for provider in _below(machine):
            if len(found) < _MOST and (identity := _text(provider / "id")):
                noted = VagrantMachine(
                    machine.name, provider.name, identity, noted_version=_noted(provider)
                )
                found.append(_followed(noted))
    there = read_file(FileProbe(str(project / "Vagrantfile"))).exists
    return VagrantMachinesReading(exists=there or bool(found), machines=tuple(found))


def _noted(folder: Path) -> str:
    try:
        known = msgspec.json.decode(_text(folder / "box_meta") or "{}", type=dict[str, Any])
    except msgspec.DecodeError:
        return ""
    return str(known.get("version", ""))


def _followed(noted: VagrantMachine) -> VagrantMachine:
    if noted.provider == "libvirt" and _is_uuid(noted.id):
        return _domain(noted)
    if noted.provider == "docker" and _CONTAINER.match(noted.id):
        return _container(noted)
    return noted


def _is_uuid(text: str) -> bool:
    try:
        return str(uuid.UUID(text)) == text
    except ValueError:
        return False


def _domain(noted: VagrantMachine) -> VagrantMachine:
    # Here: libvirt's library starts a thread, and a lesson with containers alone needs none.
    from lab_engine.families.libvirt.agent import qcow2
    from lab_engine.families.libvirt.agent.connection import connect, found, told
    from lab_engine.families.libvirt.agent.vm import state_of

    with told(f"looking for the machine {noted.name} of Vagrant"):
        it = found(connect().lookupByUUIDString, noted.id)
        if it is None:
            return noted
        root = ET.fromstring(it.XMLDesc(0))  # noqa: S314 - libvirtd wrote it
        source = root.find("devices/disk[@device='disk']/source")
        name, state = it.name(), state_of(it)
    header = qcow2.read(source.get("file", "")) if source is not None else None
    volume = _BOX_VOLUME.match(Path(header.backing).name if header else "")
    return msgspec.structs.replace(
        noted,
        thing=name,
        state=state,
        box=volume[1].replace("-VAGRANTSLASH-", "/") if volume else "",
        version=volume[2] if volume else "",
    )


def _container(noted: VagrantMachine) -> VagrantMachine:
    with asking(f"describe the machine {noted.name} of Vagrant") as api:
        try:
            it = named.container(api, noted.id)
        except docker.errors.NotFound:
            return noted
    return msgspec.structs.replace(
        noted,
        thing=it["Name"].lstrip("/"),
        state=it["State"]["Status"],
        image=it["Config"]["Image"],
    )


def projects(_: VagrantProjectsProbe) -> VagrantProjectsReading:
    found: list[str] = []
    level = [Path(WORK)]
    for _depth in range(_DEPTH + 1):
        found += [str(one) for one in level if any(_below(one / ".vagrant/machines"))]
        level = [below for one in level for below in _below(one) if below.name[0] != "."][:200]
    return VagrantProjectsReading(tuple(sorted(found)))


READERS: Final[dict[type[Probe[Any]], Callable[[Any], msgspec.Struct]]] = {
    VagrantMachinesProbe: machines,
    VagrantProjectsProbe: projects,
}
