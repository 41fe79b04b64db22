"""Broad network access: a laptop that has nothing but the API rents a machine."""

from __future__ import annotations

import hashlib
import ssl

from lab_engine.authoring import (
    Address,
    End,
    File,
    FileProbe,
    Host,
    IncusProject,
    IncusServerProbe,
    IncusTrustProbe,
    Link,
    Resource,
    See,
    host,
    require,
    require_instance,
    require_rented_over_api,
    require_restricted,
    require_tls,
)
from labs.a_cloud_of_your_own.values import CLOUD, IMAGE, Values, lab

LAPTOP_AT = "10.99.0.2"
LAPTOP = """#!/bin/sh
# Run a command on the laptop, as you. It has a network of its own, keeps its settings in the folder
# `settings`, and of the cloud's files it sees nothing.
exec sudo ip netns exec laptop sh -c '
    mount -t tmpfs none /var/lib/incus
    exec sudo -u learner env INCUS_CONF=/home/learner/work/settings "$@"
' laptop "${@:-bash}"
"""


def outside() -> list[Resource]:
    """A laptop on a cable to the cloud."""
    return [
        Host("laptop"),
        Link("uplink", a=End("uplink"), b=End("eth0", host="laptop")),
        Address("cloud-end", cidr=f"{CLOUD}/24", interface="uplink", link="uplink"),
        Address(
            "laptop-end", cidr=f"{LAPTOP_AT}/24", interface="eth0", host="laptop", link="uplink"
        ),
        File("laptop", path="/home/learner/work/laptop", content=LAPTOP, mode=0o755),
    ]


step = lab.step(
    "api",
    daemons=("incus",),
    resources=lambda v: [IMAGE, IncusProject(v.first), *outside()],
)


@step.check("door", settle=2.0)
async def door(see: See, v: Values) -> None:
    found = await require_tls(see, CLOUD, v.port, host("laptop"))
    server = await see(IncusServerProbe())
    require(
        found.fingerprint.replace(":", "").lower() == server.fingerprint.lower(),
        "another-server",
        expected=f"At {CLOUD}:{v.port} your cloud answers.",
        observed="A server answers there that shows another certificate.",
        look="incus config get core.https_address",
    )


CERTIFICATE = "/home/learner/work/settings/client.crt"


def fingerprint(pem: str) -> str:
    """The SHA-256 of a certificate as Incus writes it; empty for what is none."""
    try:
        return hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest()
    except ValueError:
        return ""


@step.check("customer")
async def customer(see: See, v: Values) -> None:
    await require_restricted(see, v.first)
    trust, file = await see(IncusTrustProbe(), FileProbe(CERTIFICATE))
    own = fingerprint(file.content)
    require(
        any(one.fingerprint == own and one.projects == (v.first,) for one in trust.certificates),
        "another-client",
        expected="It is the laptop that is let in.",
        observed="Somebody else is: the laptop has another certificate."
        if own
        else "Somebody else is: the laptop has no certificate yet.",
        look="./laptop incus remote list; incus config trust list",
    )


@step.check("rented", points=2)
async def from_there(see: See, v: Values) -> None:
    await require_rented_over_api(see, v.page, project=v.first, address=LAPTOP_AT)
    await require_instance(see, v.page, project=v.first, image="web")


def listen(v: Values, at: str = CLOUD) -> str:
    return f"incus config set core.https_address {at}:{v.port}"


def token(options: str) -> str:
    return f"incus config trust add -q anna {options} > token"


ADD = "./laptop incus remote add cloud $(cat token)"


def three(v: Values, options: str = "") -> list[str]:
    return [
        listen(v),
        token(options or f"--projects {v.first} --restricted"),
        ADD,
        f"./laptop incus launch cloud:web cloud:{v.page}",
    ]


step.solution("a token for the laptop", three)
step.solution(
    "its certificate by hand, at all addresses",
    lambda v: [
        listen(v, ""),
        "mkdir -p settings",
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-384 -nodes -subj /CN=anna "
        "-days 30 -keyout settings/client.key -out settings/client.crt 2> openssl.txt",
        f"incus config trust add-certificate settings/client.crt --name anna --restricted "
        f"--projects {v.first}",
        f"./laptop incus remote add cloud https://{CLOUD}:{v.port} --accept-certificate",
        f"./laptop incus launch cloud:web cloud:{v.page} --project {v.first}",
    ],
)
step.near_miss(
    "on loopback",
    lambda v: [listen(v, "127.0.0.1")],
    rejected_by="door",
    reason="no-server",
)
step.near_miss(
    "at the port of everybody",
    lambda _: [f"incus config set core.https_address {CLOUD}:8443"],
    rejected_by="door",
    reason="no-server",
)
step.near_miss(
    "whoever comes may do everything",
    lambda v: [listen(v), token("")],
    rejected_by="customer",
    reason="nobody-trusted",
)
step.near_miss(
    "unrestricted",
    lambda v: [*three(v, f"--projects {v.first}")[:3]],
    rejected_by="customer",
    reason="unrestricted",
    explain="A certificate that is not `--restricted` opens every project, whatever `--projects` "
    "says. `incus config trust list` shows it; `incus config trust remove` with the beginning of "
    "its fingerprint takes it back.",
)
step.near_miss(
    "the wrong room",
    lambda v: [*three(v, "--projects default --restricted")[:3]],
    rejected_by="customer",
    reason="other-projects",
    explain="The customer was given the key to another room. Remove the certificate with `incus "
    "config trust remove`, and give a new token.",
)
ANOTHER = (
    "It is not the laptop that was let in. The laptop has its certificate in `settings`, from its "
    "first `./laptop incus remote add` on. `incus config trust remove` throws the other one out."
)
step.near_miss(
    "without the laptop",
    lambda v: [
        listen(v),
        token(f"--projects {v.first} --restricted"),
        "incus remote add cloud $(cat token)",
        f"incus launch cloud:web cloud:{v.page}",
    ],
    rejected_by="customer",
    reason="another-client",
    explain=ANOTHER,
)
step.near_miss(
    "rented without the laptop",
    lambda v: [
        listen(v),
        token(f"--projects {v.first} --restricted"),
        # The settings of the bench's own client stay from one attempt to the next.
        "incus remote add far $(cat token)",
        f"incus launch far:web far:{v.page}",
    ],
    rejected_by="rented",
    reason="from-elsewhere",
    also=["another-client"],
)
step.near_miss(
    "any certificate will do",
    lambda v: [
        listen(v),
        "openssl req -x509 -newkey rsa:2048 -nodes -keyout k.pem -out c.pem -subj /CN=me -days 10 "
        "2> openssl.txt",
        f"incus config trust add-certificate c.pem --restricted --projects {v.first}",
    ],
    rejected_by="customer",
    reason="another-client",
    explain=ANOTHER,
)
step.near_miss(
    "rented by the owner",
    lambda v: [*three(v)[:3], f"incus launch web {v.page} --project {v.first}"],
    rejected_by="rented",
    reason="on-the-socket",
    explain="The machine is there, but you made it yourself, on the cloud. Delete it, and have the "
    "laptop ask for it.",
)
step.near_miss(
    "in the owner's room",
    lambda v: [*three(v)[:3], f"incus launch web {v.page}"],
    rejected_by="rented",
    reason="not-rented",
)
step.near_miss(
    "by the owner first, then in the wrong room",
    lambda v: [
        *three(v)[:3],
        f"incus launch web {v.page} --project {v.first}",
        f"incus delete -f {v.page} --project {v.first}",
        f"incus launch web {v.page}",
    ],
    rejected_by="rented",
    reason="not-rented",
)
