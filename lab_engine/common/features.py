"""Features of a kernel that a step may ask for: the words of `needs_kernel`, by the modules' names.

Each is one that the machine loads at its start (`lab_engine/machine/recipe/modules.txt`), so what a
step asks for can always be had somewhere; a test compares the two. No other is known: a word that
no kernel of ours has would be a step that nobody could take.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Feature:
    """One feature.

    Args:
        title: what it is, for people.
        option: the kernel's option without `CONFIG_`, which says whether it is built in.
        whole: whether what is made with it is the whole computer's. No namespace parts it, so a
            bench may use it only where the kernel is there for benches alone.
    """

    title: str
    option: str
    whole: bool = False


FEATURES: Final[Mapping[str, Feature]] = {
    "8021q": Feature("VLANs (802.1Q)", "VLAN_8021Q"),
    "br_netfilter": Feature("firewall rules for bridges", "BRIDGE_NETFILTER"),
    "dm_crypt": Feature("encrypted block devices", "DM_CRYPT", whole=True),
    "dm_mod": Feature("the device mapper (LVM)", "BLK_DEV_DM", whole=True),
    "dm_snapshot": Feature("snapshots of block devices", "DM_SNAPSHOT", whole=True),
    "dm_thin_pool": Feature("thin volumes", "DM_THIN_PROVISIONING", whole=True),
    "fuse": Feature("FUSE", "FUSE_FS"),
    "ip_vs": Feature("IPVS (load balancing)", "IP_VS"),
    "ip_vs_rr": Feature("IPVS taking turns (round robin)", "IP_VS_RR"),
    "ipvlan": Feature("IPvlan", "IPVLAN"),
    "loop": Feature("loop devices", "BLK_DEV_LOOP"),
    "macvlan": Feature("MACVLAN", "MACVLAN"),
    "nfs": Feature("NFS as a client", "NFS_FS"),
    "nfsd": Feature("NFS as a server", "NFSD"),
    "overlay": Feature("the overlay file system", "OVERLAY_FS"),
    "raid1": Feature("RAID 1 in software", "MD_RAID1", whole=True),
    "tun": Feature("tun and tap devices", "TUN"),
    "vxlan": Feature("VXLAN", "VXLAN"),
    "wireguard": Feature("WireGuard", "WIREGUARD"),
}


def titles(names: tuple[str, ...]) -> str:
    """Features in a sentence: `VLANs (802.1Q) and WireGuard`."""
    *first, last = (FEATURES[name].title for name in names)
    return f"{', '.join(first)} and {last}" if first else last


def in_short(names: tuple[str, ...], lacking: Collection[str] | None = None) -> str:
    """What a step asks for in a few words; with what is `lacking` of it, if that was looked at."""
    words = f"needs a kernel with {titles(names)}"
    if lacking is None:
        return words
    if not lacking:
        return f"{words}, which is here"
    part = "which is" if len(lacking) == len(names) else f"{titles(tuple(lacking))} is"
    return f"{words}: {part} not here, but in the virtual machine"
