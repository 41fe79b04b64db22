"""What differs from learner to learner, and what several steps stand on."""

from __future__ import annotations

from lab_engine.authoring import (
    VM,
    Address,
    Directory,
    End,
    Host,
    Lab,
    Link,
    Nic,
    Reservation,
    Resource,
    Route,
    Seed,
    Service,
    TcpReady,
    Variables,
    VirtualNetwork,
)

TENANTS = ("bakery", "garage", "clinic", "atelier", "nursery", "brewery")
PAIRS = (("north", "south"), ("east", "west"), ("upper", "lower"), ("left", "right"))
GOODS = ("orders", "invoices", "recipes", "patients", "members")
OUTSIDE = "outside"
"""The network namespace that stands for the Internet."""
EDGE = "10.88.0.1"
"""The bench's address towards it, and the one that the customer's visitors know."""
VISITOR = "10.88.0.9"
UPDATES = 8000
ADMIN = 8081
SOCKET = "/run/balancer.sock"


class Values(Variables, frozen=True):
    """A customer, two machines, and where they are.

    `net` is the second number of the subnet 10.net.0.0/24, `first` the last one of the first
    machine's address; the second machine has the next. `mac_a` and `mac_b` are their cards.
    """

    tenant: str = ""
    one: str = ""
    two: str = ""
    net: int = 0
    first: int = 0
    second: int = 0
    mac_a: str = ""
    mac_b: str = ""
    pool: str = ""
    volume: str = ""
    word: str = ""
    bridge: str = ""

    @classmethod
    def draw(cls, seed: Seed) -> Values:
        tenant = seed.choice("tenant", TENANTS)
        one, two = seed.choice("pair", PAIRS)
        first = seed.number("first", 11, 80)
        card = seed.number("card", 16, 80)
        return cls(
            tenant=tenant,
            one=one,
            two=two,
            net=seed.number("net", 110, 190),
            first=first,
            second=first + 1,
            mac_a=f"52:54:00:3a:00:{card}",
            mac_b=f"52:54:00:3a:00:{card + 1}",
            pool="blocks",
            volume=f"{tenant}.qcow2",
            word=f"{seed.choice('goods', GOODS)}-{seed.token('word', 5)}",
            bridge=f"br-{tenant}",
        )

    @property
    def names(self) -> tuple[str, str]:
        return self.one, self.two

    @property
    def macs(self) -> dict[str, str]:
        """Machine to the MAC address of its card."""
        return {self.one: self.mac_a, self.two: self.mac_b}

    @property
    def addresses(self) -> dict[str, str]:
        """Machine to its address."""
        return {
            self.one: f"10.{self.net}.0.{self.first}",
            self.two: f"10.{self.net}.0.{self.second}",
        }

    @property
    def gateway(self) -> str:
        return f"10.{self.net}.0.1"

    @property
    def reserved(self) -> dict[str, str]:
        """MAC address to the address that is kept for it."""
        return {self.macs[name]: address for name, address in self.addresses.items()}


lab = Lab("build-an-iaas", Values)


def network(v: Values) -> VirtualNetwork:
    """The customer's network, as the first step leaves it."""
    return VirtualNetwork(
        v.tenant,
        subnet=f"10.{v.net}.0.0/24",
        mode="open",
        bridge=v.bridge,
        reservations=tuple(Reservation(mac, at) for mac, at in v.reserved.items()),
    )


START = f"""#!/bin/sh
httpd -p 80 -h /www
httpd -p {ADMIN} -h /admin
"""


def machines(v: Values) -> list[Resource]:
    """Both machines on the customer's network, which serve their pages at every start."""
    return [
        network(v),
        *(
            VM(
                name,
                networks=(Nic(v.tenant, mac=v.macs[name]),),
                files={
                    "www/index.html": f"{name}\n",
                    "admin/index.html": f"admin of {name}\n",
                    "etc/rc.local": START,
                },
            )
            for name in v.names
        ),
    ]


def outside(v: Values) -> list[Resource]:
    """The world: a visitor behind a cable, who also has a server with updates."""
    return [
        Host(OUTSIDE),
        Link("edge", a=End("edge0"), b=End("eth0", host=OUTSIDE)),
        Address("edge", cidr=f"{EDGE}/24", interface="edge0", link="edge"),
        Address("visitor", cidr=f"{VISITOR}/24", interface="eth0", host=OUTSIDE, link="edge"),
        Route("in", to="default", via=EDGE, host=OUTSIDE, address="visitor"),
        Directory("updates", path="/srv/updates", files={"index.html": "nothing new\n"}),
        Service(
            "updates",
            argv=("busybox", "httpd", "-f", "-p", f"{VISITOR}:{UPDATES}", "-h", "/srv/updates"),
            host=OUTSIDE,
            ready=TcpReady(UPDATES, address=VISITOR),
            after=("address/visitor", "directory/updates"),
        ),
    ]


def on_them(v: Values) -> list[str]:
    """What a right answer may change of the machines."""
    return [f"vm/{name}" for name in v.names]
