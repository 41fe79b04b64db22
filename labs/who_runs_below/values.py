"""What differs from learner to learner."""

from __future__ import annotations

from lab_engine.authoring import Lab, Seed, Variables, require

NAMES = ("willow", "aspen", "birch", "cedar", "elm", "laurel")
MACHINES = (
    ("innotek GmbH", "VirtualBox"),
    ("VMware, Inc.", "VMware7,1"),
    ("Microsoft Corporation", "Virtual Machine"),
    ("Parallels International GmbH.", "Parallels Virtual Platform"),
    ("Xen", "HVM domU"),
    ("Nutanix", "AHV"),
)
VENDOR = "/sys/class/dmi/id/sys_vendor"
MODEL = "/sys/class/dmi/id/product_name"


class Values(Variables, frozen=True):
    """A VM, and whose machine it is to pretend to be."""

    vm: str = ""
    maker: str = ""
    model: str = ""

    @classmethod
    def draw(cls, seed: Seed) -> Values:
        maker, model = seed.choice("machine", MACHINES)
        return cls(vm=seed.choice("vm", NAMES), maker=maker, model=model)


lab = Lab("who-runs-below", Values)


def answers(v: Values, answered: bool) -> None:
    """Require that the guest agent did what it was asked."""
    require(
        answered,
        "silent",
        expected=f"The guest in {v.vm} answers.",
        observed="Its agent does not answer (yet): a guest that boots takes up to a minute.",
        look=f"virsh dumpxml {v.vm} --xpath //channel",
    )
