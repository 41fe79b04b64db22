"""The settings of the bench's own network that a learner with sudo changes by sysctl(8).

Keys are `sysctl/net.ipv4.ip_forward`. They cannot be taken away, so a baseline keeps their values.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from lab_engine.common import replacing
from lab_engine.errors import ProviderError
from lab_engine.families.family import Spare
from lab_engine.families.registry import FAMILIES

_FOLDER: Final = Path("/proc/sys/net")
_OF_ALL: Final = {
    "ipv4": (
        "accept_local",
        "accept_redirects",
        "accept_source_route",
        "arp_accept",
        "arp_announce",
        "arp_filter",
        "arp_ignore",
        "log_martians",
        "proxy_arp",
        "route_localnet",
        "rp_filter",
        "secure_redirects",
        "send_redirects",
    ),
    "ipv6": ("accept_ra", "accept_redirects", "autoconf", "disable_ipv6", "forwarding"),
}
_NAMES: Final = (
    "core/somaxconn",
    "ipv4/fib_multipath_hash_policy",
    "ipv4/icmp_echo_ignore_all",
    "ipv4/icmp_echo_ignore_broadcasts",
    "ipv4/ip_default_ttl",
    "ipv4/ip_forward",
    "ipv4/ip_local_port_range",
    "ipv4/ip_local_reserved_ports",
    "ipv4/ip_nonlocal_bind",
    "ipv4/ip_unprivileged_port_start",
    "ipv4/ping_group_range",
    "ipv4/tcp_congestion_control",
    "ipv4/tcp_fin_timeout",
    "ipv4/tcp_keepalive_time",
    "ipv4/tcp_max_syn_backlog",
    "ipv4/tcp_rmem",
    "ipv4/tcp_syncookies",
    "ipv4/tcp_tw_reuse",
    "ipv4/tcp_wmem",
    "ipv6/icmp/echo_ignore_all",
    *(
        f"{family}/conf/{which}/{name}"
        for family, names in _OF_ALL.items()
        for which in ("all", "default")
        for name in names
    ),
)
"""A look-up in there passes by the entries of every other namespace, so not all of the thousand."""
_FORWARDING: Final = frozenset(
    {"ipv4/ip_forward", "ipv6/conf/all/forwarding", "ipv6/conf/default/forwarding"}
)
"""What a daemon switches on for its networks, which have no way out without it."""


def entries() -> dict[str, str]:
    """Key to fingerprint; nobody is blamed for a value, since daemons set some."""
    return {f"sysctl/net.{name.replace('/', '.')}": f"set\n{value}" for name, value in _values()}


def snapshot(to: Path) -> None:
    """Keep the values as they are now in the file `to`."""
    to.parent.mkdir(parents=True, exist_ok=True)
    replacing.write(to, msgspec.json.encode(dict(_values())))


def restore(source: Path, spare: Spare) -> None:
    """Set the values that `source` has, whoever changed them. Raises ProviderError."""
    try:
        wanted = msgspec.json.decode(source.read_bytes(), type=dict[str, str])
    except FileNotFoundError as error:
        raise ProviderError(
            f"there is no snapshot {source.name}", hint="Start the step again with `infralab up`."
        ) from error
    now = dict(_values())
    for name in (name for name in wanted if name in now and now[name] != wanted[name]):
        if name in _FORWARDING and wanted[name] == "0" and _forwarder():
            continue
        try:
            (_FOLDER / name).write_text(wanted[name])
        except OSError as error:
            raise ProviderError(
                f"sysctl net.{name.replace('/', '.')} cannot be set back: {error.strerror}"
            ) from error


def put_away(pristine: Path, step: Path, name: str) -> list[str]:
    """Nothing: these are no files of the learner's."""
    return []


def _values() -> Iterator[tuple[str, str]]:
    for name in _NAMES:
        try:
            yield name, (_FOLDER / name).read_text().strip()
        # This kernel lacks it.
        except OSError:
            continue


def _forwarder() -> bool:
    """Whether a daemon runs that needs forwarding."""
    return any(
        Path(family.daemon.socket).exists()
        for family in FAMILIES.values()
        if family.daemon and family.interfaces
    )
