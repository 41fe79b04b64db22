"""What differs from learner to learner, and words that several steps use."""

from __future__ import annotations

from lab_engine.authoring import (
    SMALL_INITRAMFS,
    SMALL_KERNEL,
    GuestCommandReading,
    Lab,
    Reservation,
    Seed,
    Variables,
    VirtualNetwork,
    require,
)

NAMES = ("cedar", "poplar", "aspen", "walnut", "cherry", "cypress", "spruce", "acacia")
POOLS = ("vault", "shed", "silo", "loft")
NETWORKS = ("office", "studio", "clinic", "school", "library")
ITEMS = ("ledger", "catalogue", "register", "archive")
# What virt-install's size= counts in: GiB, so that the fractions are exact.
DISKS = {64: "0.0625", 128: "0.125", 192: "0.1875", 256: "0.25"}
KERNEL = SMALL_KERNEL
INITRAMFS = SMALL_INITRAMFS
ARGUMENTS = "console=ttyS0 quiet cryptomgr.notests mitigations=off"
MIB = 1 << 20


class Values(Variables, frozen=True):
    """Names, sizes in MiB, a subnet, and a network card's address.

    `net` is the second number of the subnet 10.net.0.0/24, `last` the last one of the address that
    the card with `mac` is to get.
    """

    vm: str = ""
    copy: str = ""
    memory: int = 0
    disk: int = 0
    gib: str = ""
    pool: str = ""
    network: str = ""
    net: int = 0
    mac: str = ""
    last: int = 0
    word: str = ""

    @classmethod
    def draw(cls, seed: Seed) -> Values:
        vm = seed.choice("vm", NAMES)
        disk = seed.choice("disk", tuple(DISKS))
        return cls(
            vm=vm,
            copy=f"{vm}-2",
            memory=seed.choice("memory", (136, 144, 152, 168, 176, 184)),
            disk=disk,
            gib=DISKS[disk],
            pool=seed.choice("pool", POOLS),
            network=seed.choice("network", NETWORKS),
            net=seed.number("net", 20, 90),
            mac=f"52:54:00:4c:{seed.number('mac', 16, 99)}:{seed.number('card', 16, 99)}",
            last=seed.number("last", 20, 90),
            word=f"{seed.choice('word', ITEMS)}-{seed.token('word', 5)}",
        )

    @property
    def bench(self) -> str:
        """The bench's own address in the network."""
        return f"10.{self.net}.0.1"

    @property
    def address(self) -> str:
        return f"10.{self.net}.0.{self.last}"

    def lan(self) -> VirtualNetwork:
        """The network of the second step, as later steps find it."""
        return VirtualNetwork(
            self.network,
            subnet=f"10.{self.net}.0.0/24",
            mode="isolated",
            dhcp=(f"10.{self.net}.0.10", f"10.{self.net}.0.99"),
            reservations=(Reservation(self.mac, self.address),),
        )


lab = Lab("virt-install-and-clones", Values)


def answered(command: GuestCommandReading, name: str) -> None:
    """Require that the guest agent ran it."""
    require(
        command.ran,
        "silent",
        expected=f"The guest in {name} has booted, and its agent answers.",
        observed="The guest agent does not answer (yet): a guest that boots takes up to a minute.",
        look=f"virsh dumpxml {name} --xpath //channel",
    )
