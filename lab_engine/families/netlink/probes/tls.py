"""A TLS handshake from a place: who served which certificate to whom, or how it was refused."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from lab_engine.common.place import BENCH, Place, Placed
from lab_engine.common.probe import Probe, Reading
from lab_engine.families.netlink.probes.reach import TOPICS


class TlsReading(Reading, frozen=True):
    """What came of a handshake.

    `problem` is empty, one of `reach.py` (`refused`, `timeout`, `closed`, ...), `no-tls` for an
    answer that is none of TLS, or the server's alert in lower case, such as
    `tlsv13_alert_certificate_required` (RFC 8446, section 6). `trusted` says that the certificate
    is vouched for by the probe's authorities, for the name asked for; `why_not` is what is wrong
    with it. `subject` and `issuer` are common names, `names` those that it is for, the times
    seconds since 1970, `fingerprint` the SHA-256 of the certificate.
    """

    exists: bool = True
    shaken: bool = False
    problem: str = ""
    version: str = ""
    trusted: bool = False
    why_not: str = ""
    subject: str = ""
    issuer: str = ""
    names: tuple[str, ...] = ()
    not_before: float = 0.0
    not_after: float = 0.0
    fingerprint: str = ""
    protocol: str = ""
    """What was agreed on by ALPN."""


class TlsProbe(Placed, Probe[TlsReading], frozen=True, tag="tls"):
    """Shakes hands with a server.

    `server_name` is the name asked for (SNI), the address when empty. `ca` is the path of a file of
    the bench with the authorities that are trusted; none without. `certificate` and `key` are files
    with the client's own. A server that refuses a client says so only after the handshake (TLS
    1.3); `ask` is then a text to send, whose answer is waited for.

    Example::

        TlsProbe("10.0.0.10", 443, server_name="shop.test", ca="/home/learner/work/ca.pem")
        reading.trusted and reading.subject == "shop.test"
    """

    address: str
    port: int
    place: Place = BENCH
    server_name: str = ""
    ca: str = ""
    certificate: str = ""
    key: str = ""
    ask: str = ""
    alpn: tuple[str, ...] = ()
    seconds: float = 2.0

    reading: ClassVar[type[msgspec.Struct]] = TlsReading

    def topics(self) -> frozenset[str]:
        return TOPICS
