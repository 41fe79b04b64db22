"""Hosts: network namespaces with a name, marked on their loopback."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from lab_engine.common.sighting import ABSENT, Sighting
from lab_engine.families.netlink.agent import marks, namespaces, requests
from lab_engine.families.netlink.agent.rtnl import rtnl, rtnl_of
from lab_engine.families.netlink.resources import Host
from lab_engine.families.provider import Mark, Owned, Provider, Say

_SWITCHES: Final = (
    Path("/proc/sys/net/ipv4/ip_forward"),
    Path("/proc/sys/net/ipv6/conf/all/forwarding"),
)
_LOOPBACK: Final = 1


class HostProvider(Provider[Host]):
    resource = Host
    family = "netlink"

    def observe(self, wanted: Sequence[Host], mark: Mark) -> dict[str, Sighting]:
        with marks.asking("look at the hosts"):
            return {host.name: self._observe(host, mark) for host in wanted}

    def _observe(self, wanted: Host, mark: Mark) -> Sighting:
        ours = mark.text(wanted.key)
        with suppress(FileNotFoundError), namespaces.of_host(wanted.name) as descriptor:
            with rtnl(descriptor) as connection:
                loopback = connection.link("lo")
                routes = connection.forwards()
            drift = ""
            if loopback is None or not loopback.up:
                drift = "its loopback is down"
            elif routes != wanted.forwarding:
                drift = f"forwarding is {_on(routes)}, wanted {_on(wanted.forwarding)}"
            return Sighting(
                present=True,
                ours=loopback is not None and loopback.alias == ours,
                drift=drift,
                facts={"namespace": str(namespaces.inode(wanted.name)), "forwarding": _on(routes)},
            )
        if (namespaces.FOLDER / wanted.name).exists():
            left = namespaces.note(wanted.name)
            return Sighting(present=True, ours=left == ours, drift="has a name but no namespace")
        return ABSENT

    def create(self, wanted: Host, mark: Mark, say: Say) -> None:
        with marks.asking("make the network namespace", wanted.key):
            seen = self._observe(wanted, mark)
            if seen.present:
                if not seen.ours:
                    raise marks.foreign(
                        wanted.key,
                        f"a network namespace called {wanted.name!r}",
                        f"sudo ip netns exec {wanted.name} ip addr",
                    )
                # Made anew rather than mended: what else was changed in it cannot be told.
                namespaces.remove(wanted.name)
            text = mark.text(wanted.key)

            def prepare() -> None:
                with rtnl(None) as connection:
                    connection.do(requests.switch_on(_LOOPBACK, ("IFLA_IFALIAS", text)))
                    differs = connection.forwards() != wanted.forwarding
                # A new namespace takes the IPv4 switch from the machine and has that of IPv6 off,
                # unless net.core.devconf_inherit_init_net was changed (docs.kernel.org, net.rst).
                for switch in _SWITCHES if wanted.forwarding else _SWITCHES[:differs]:
                    switch.write_text(str(int(wanted.forwarding)))

            namespaces.create(wanted.name, text, prepare)

    def destroy(self, name: str, mark: Mark) -> None:
        wanted = Host(name)
        with marks.asking("remove the network namespace", wanted.key):
            if self._observe(wanted, mark).ours:
                namespaces.remove(name)

    def owned(self) -> Iterable[Owned]:
        with marks.asking("list the hosts"):
            if not namespaces.FOLDER.is_dir():
                return
            for path in sorted(namespaces.FOLDER.iterdir()):
                text = namespaces.note(path.name)
                with suppress(FileNotFoundError), rtnl_of(path.name) as connection:
                    loopback = connection.link("lo")
                    text = loopback.alias if loopback else ""
                owned = Owned.parse(text)
                if owned and owned.key == f"host/{path.name}":
                    yield owned


def _on(switch: bool) -> str:
    return "on" if switch else "off"
