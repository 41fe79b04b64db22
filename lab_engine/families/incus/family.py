"""Incus in the bench: the machines of a small cloud. It is in the pack `incus`."""

from __future__ import annotations

from typing import Final

from lab_engine.families.family import Daemon, Drawn, Family, Removal, Shell
from lab_engine.families.incus import probes, resources

_SHELL: Final = """case $1 in
*_*) exec incus exec --project "${1%_*}" "${1##*_}" -- sh ;;
*) exec incus exec "$1" -- sh ;;
esac"""
"""A place is called as Incus calls an instance on its machine: `web1`, `bank_web1` in a project."""

FAMILY: Final = Family(
    name="incus",
    threads=8,
    daemon=Daemon(
        "/var/lib/incus/unix.socket",
        ("incusd",),
        starters=("incusd",),
        folders=("/usr/libexec/incus",),
    ),
    resources={
        resources.IncusImage: "image:IncusImageProvider",
        resources.IncusProject: "project:IncusProjectProvider",
        resources.IncusInstance: "instance:IncusInstanceProvider",
    },
    probes=(
        probes.IncusEventsProbe,
        probes.IncusImagesProbe,
        probes.IncusInstanceProbe,
        probes.IncusInstancesProbe,
        probes.IncusProjectsProbe,
        probes.IncusServerProbe,
        probes.IncusTrustProbe,
    ),
    readers=("readers", "journal"),
    journal="journal",
    topics={"incus": "events:IncusEvents"},
    inventory="inventory",
    removal={
        "incus-instance": Removal.MACHINES,
        "incus-volume": Removal.STORES,
        "incus-image": Removal.STORES,
        "incus-profile": Removal.STORES,
        "incus-project": Removal.STORES,
        "incus-network": Removal.STORES,
        "incus-certificate": Removal.STORES,
        "incus-setting": Removal.STORES,
    },
    machinery="machinery",
    interfaces="interfaces",
    fleeting="fleeting",
    drawn={
        "incus-instance": Drawn("instance", "place", "▢"),
        "incus-project": Drawn("project", "segment", line="╌"),
        "incus-network": Drawn("cloud network", "segment"),
        "incus-pool": Drawn("pool", "store", "▦"),
    },
    shells={"incus": Shell(("sh", "-c", _SHELL, "sh", "{}"), "▢")},
)
