"""Images, projects and instances of Incus, for the contract suite."""

from __future__ import annotations

from lab_engine.families.incus.resources import IncusImage, IncusInstance, IncusProject
from tests.families.case import Case, Damage, changes

PACKS = ("incus",)
IMAGE = IncusImage("web", description="a web server")
PROJECT = IncusProject("bank")
EMPTY = (
    "d=$(mktemp -d); cd $d; mkdir rootfs; echo 'architecture: x86_64' > metadata.yaml; "
    "echo 'creation_date: 1' >> metadata.yaml; tar -cf image.tar metadata.yaml rootfs; "
    "incus image import image.tar --alias web < /dev/null"
)
"""An image of that name with nothing in it."""

CASES = (
    Case(
        "incus-image",
        IMAGE,
        damages=changes(
            Damage("incus image delete web", leaves="gone"),
            Damage("incus image alias delete web", leaves="gone"),
            "incus image set-property web description another",
        ),
        foreign=EMPTY,
        theirs="incus image list -f csv -c l | grep -qx web",
        shown="incus image list -f csv -c d | grep -q 'web server'",
        packs=PACKS,
    ),
    Case(
        "incus-project",
        IncusProject("bank", config={"limits.instances": "2"}),
        damages=changes(
            "incus project set bank limits.instances=3",
            "incus project set bank limits.memory=1GiB",
            "incus project unset bank limits.instances",
            Damage("incus project delete bank", leaves="gone"),
        ),
        foreign="incus project create bank",
        theirs="incus project show bank",
        needs=(IMAGE,),
        # Its image is that of the project `default`.
        shown="incus image list --project bank -f csv -c l | grep -qx web && "
        "incus project get bank limits.instances | grep -qx 2",
        packs=PACKS,
    ),
    Case(
        "incus-instance",
        IncusInstance("web1", image="web", config={"limits.memory": "64MiB"}, address="10.77.0.9"),
        damages=changes(
            "incus stop -f web1",
            "incus config set web1 limits.memory=64MB",
            "incus config set web1 limits.cpu=1",
            "incus config device set web1 eth0 ipv4.address=10.77.0.10",
            Damage("incus delete -f web1", leaves="gone"),
            Damage(
                "incus delete -f web1; incus launch -q web web1 < /dev/null",
                leaves="stranger",
                clear="incus delete -f web1",
            ),
        ),
        foreign="incus launch -q web web1 < /dev/null",
        theirs="incus list -f csv -c s web1 | grep -qx RUNNING",
        needs=(IMAGE,),
        shown="curl -sf -m 2 --retry 8 --retry-all-errors --retry-delay 1 http://10.77.0.9/ | "
        "grep -qx web1",
        packs=PACKS,
    ),
    Case(
        "incus-instance-of-a-project",
        IncusInstance("bank_web1", image="web"),
        damages=changes("incus config set web1 limits.memory=64MiB --project bank"),
        needs=(IMAGE, PROJECT, IncusInstance("web1", image="web")),
        shown="incus exec web1 --project bank -- hostname | grep -qx web1",
        packs=PACKS,
    ),
    Case(
        "incus-instance-stopped",
        IncusInstance("web1", image="web", state="stopped"),
        damages=changes("incus start web1"),
        needs=(IMAGE,),
        shown="incus list -f csv -c s web1 | grep -qx STOPPED",
        packs=PACKS,
    ),
)
