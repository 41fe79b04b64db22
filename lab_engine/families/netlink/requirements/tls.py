"""Statements about TLS servers (client side)."""

from __future__ import annotations

from lab_engine.common import place
from lab_engine.common.evidence import See, require
from lab_engine.common.place import BENCH, Place
from lab_engine.families.netlink.probes.tls import TlsProbe, TlsReading

ASK = "GET / HTTP/1.0\r\n\r\n"


async def require_tls(
    see: See,
    address: str,
    port: int,
    at: Place = BENCH,
    *,
    name: str = "",
    ca: str = "",
    issuer: str = "",
    certificate: str = "",
    key: str = "",
    refused: bool = False,
) -> TlsReading:
    """A server shakes hands by TLS, as described, or refuses this client. One round trip.

        await require_tls(see, "10.0.0.10", 443, name="shop.test", ca="/home/learner/work/ca.pem")

    Reasons: `no-server`, `no-tls`, `other-name`, `not-trusted`, `other-issuer`, `let-in`
    (it should refuse), `refused-us` (it should not).

    Args:
        see: the check's way to ask.
        address: of the server.
        port: its port.
        at: from where.
        name: the name asked for, which the certificate must be for; empty for any.
        ca: a file of the bench with the authority that must vouch for it; empty for any.
        issuer: the common name of who signed the certificate; empty for any.
        certificate: a file with the certificate that is shown to the server.
        key: the file with its key.
        refused: whether the server must refuse us, by TLS and not by closing its port.
    """
    found = await see(
        TlsProbe(address, port, at, name, ca, certificate, key, ask=ASK)
    )  # fmt: skip
    shows = f" -cert {certificate} -key {key or certificate}" if certificate else ""
    look = (
        f"echo | timeout 5 {place.prefix(at)}openssl s_client -connect {address}:{port} "
        f"-servername {name or address}{shows} || true"
    )
    where = f"{address}:{port}"
    require(
        (found.exists and found.problem not in ("refused", "timeout", "unreachable"))
        or found.fingerprint,
        "no-server",
        expected=f"At {where} a server answers.",
        observed=f"None does: {found.problem or 'the place is not there'}.",
        look=look,
    )
    require(
        found.fingerprint or (refused and found.problem not in ("no-tls", "closed")),
        "no-tls",
        expected=f"At {where} a server speaks TLS.",
        observed=f"It does not: {found.problem}.",
        look=look,
    )
    if refused:
        require(
            found.problem,
            "let-in",
            expected=f"The server at {where} refuses this client.",
            observed="It lets it in.",
            look=look,
        )
        return found
    require(
        not found.problem,
        "refused-us",
        expected=f"The server at {where} takes this client.",
        observed=f"It refuses: {found.problem}.",
        look=look,
    )
    require(
        not name or _is_for(found, name),
        "other-name",
        expected=f"The certificate is for {name}.",
        observed=f"It is for {', '.join(found.names) or found.subject}.",
        look=look,
    )
    require(
        not ca or found.trusted,
        "not-trusted",
        expected=f"The authority in {ca} vouches for it.",
        observed=f"It does not: {found.why_not}.",
        look=look,
    )
    require(
        issuer in ("", found.issuer),
        "other-issuer",
        expected=f"{issuer} signed the certificate.",
        observed=f"{found.issuer} did.",
        look=look,
    )
    return found


def _is_for(found: TlsReading, name: str) -> bool:
    """By the names in it; one of a whole domain counts for one label (RFC 6125, section 6.4.3)."""
    wanted = name.casefold()
    wild = f"*.{wanted.partition('.')[2]}"
    return any(one.casefold() in (wanted, wild) for one in found.names)
