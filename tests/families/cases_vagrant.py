"""Boxes of Vagrant, for the contract suite."""

from __future__ import annotations

from lab_engine.families.vagrant.resources import VagrantBox
from tests.families.case import Case, Damage, changes

ROOT = "/srv/boxes/meadow"

CASES = (
    Case(
        "vagrant-box",
        VagrantBox("meadow", versions=("1.0.0", "2.10.3"), unlisted=("3.0.0",)),
        damages=changes(
            f"rm {ROOT}/1.0.0/meadow.box",
            f"printf x >> {ROOT}/2.10.3/initrd",
            f"sed -i s/2.10.3/2.10.4/ {ROOT}/catalogue.json",
            f": > {ROOT}/SHA256SUMS",
            Damage(f"rm -r {ROOT}", leaves="gone"),
        ),
        foreign=f"mkdir -p {ROOT}; echo theirs > {ROOT}/catalogue.json",
        theirs=f"grep -q theirs {ROOT}/catalogue.json",
        # Another program's sums, and the guest's own name in the second of two archives.
        shown=f"cd {ROOT} && sha256sum -c --quiet SHA256SUMS && tar -tf 2.10.3/meadow.box "
        "| grep -qx Vagrantfile && grep -q 'infralab/meadow 2.10.3' 2.10.3/initrd "
        "&& grep -q 'infralab/meadow 3.0.0' 3.0.0/initrd && ! grep -q 3.0.0 catalogue.json",
    ),
)
