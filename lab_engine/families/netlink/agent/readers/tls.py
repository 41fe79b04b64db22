"""Answers about TLS handshakes (agent side)."""

from __future__ import annotations

import hashlib
import socket
import ssl
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import msgspec

from lab_engine.common import ordinary
from lab_engine.common.probe import Probe
from lab_engine.families.netlink.agent.readers import place as places
from lab_engine.families.netlink.agent.readers.place import NoPlace
from lab_engine.families.netlink.agent.readers.reach import family_of, opened_in, problem_of, within
from lab_engine.families.netlink.probes.tls import TlsProbe, TlsReading

FILE_LIMIT: Final = 1 << 20
_DECODE: Final[Callable[[str], dict[str, Any]]] = ssl._ssl._test_decode_cert  # type: ignore[attr-defined]
"""Python reads a certificate's fields only when it trusts it; this reads any, from a file."""


class _Unreadable(Exception):
    """One of the probe's files is not there or holds no certificate."""


def shake(probe: TlsProbe) -> TlsReading:
    try:
        with places.network(probe.place) as descriptor:
            opened = opened_in(descriptor, family_of(probe.address), socket.SOCK_STREAM)
    except NoPlace:
        return TlsReading(exists=False)
    with opened:
        opened.settimeout(within(probe.seconds))
        try:
            opened.connect((probe.address, probe.port))
        except OSError as error:
            return TlsReading(problem=problem_of(error))
        try:
            context = _context(probe)
        except _Unreadable as error:
            return TlsReading(problem=str(error))
        return _shaken(opened, context, probe)


def _context(probe: TlsProbe) -> ssl.SSLContext:
    """One that takes any certificate: whether it is trusted is found out afterwards."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if probe.alpn:
        context.set_alpn_protocols(list(probe.alpn))
    if probe.certificate:
        try:
            # Looked at first: a pipe in the place of a file would be waited for.
            for path in (probe.certificate, probe.key or probe.certificate):
                ordinary.check(Path(path), FILE_LIMIT)
            context.load_cert_chain(probe.certificate, probe.key or None, password="")
        except (OSError, ssl.SSLError) as error:
            raise _Unreadable(f"{probe.certificate} cannot be used: {error}") from error
    return context


def _shaken(opened: socket.socket, context: ssl.SSLContext, probe: TlsProbe) -> TlsReading:
    try:
        with context.wrap_socket(
            opened, server_hostname=probe.server_name or probe.address
        ) as spoken:
            served = spoken.getpeercert(binary_form=True) or b""
            problem = ""
            if probe.ask:
                try:
                    spoken.sendall(probe.ask.encode())
                    problem = "" if spoken.recv(1) else "closed"
                except ssl.SSLError as error:
                    problem = _alert(error)
                except OSError as error:
                    problem = problem_of(error)
            agreed = (spoken.version() or "", spoken.selected_alpn_protocol() or "")
    except ssl.SSLError as error:
        return TlsReading(problem=_alert(error))
    except OSError as error:
        return TlsReading(problem=problem_of(error))
    # Once this connection is closed: a small server has one at a time.
    return _described(served, probe, *agreed, problem)


def _alert(error: ssl.SSLError) -> str:
    reason = (error.reason or "").lower()
    if reason in ("wrong_version_number", "record_layer_failure", "packet_length_too_long", ""):
        return "closed" if isinstance(error, ssl.SSLEOFError) else "no-tls"
    return "closed" if "eof" in reason else reason


def _described(
    served: bytes, probe: TlsProbe, version: str, protocol: str, problem: str
) -> TlsReading:
    with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
        file.write(ssl.DER_cert_to_PEM_cert(served))
        file.flush()
        fields = _DECODE(file.name)
    why_not = _distrust(served, probe)
    return TlsReading(
        shaken=not problem,
        problem=problem,
        version=version,
        trusted=not why_not,
        why_not=why_not,
        subject=_common_name(fields.get("subject", ())),
        issuer=_common_name(fields.get("issuer", ())),
        names=tuple(value for _, value in fields.get("subjectAltName", ())),
        not_before=float(ssl.cert_time_to_seconds(fields["notBefore"])),
        not_after=float(ssl.cert_time_to_seconds(fields["notAfter"])),
        fingerprint=hashlib.sha256(served).hexdigest(),
        protocol=protocol,
    )


def _common_name(parts: tuple[tuple[tuple[str, str], ...], ...]) -> str:
    return next((value for part in parts for key, value in part if key == "commonName"), "")


def _distrust(served: bytes, probe: TlsProbe) -> str:
    """Why the probe's authorities do not vouch for the server; empty when they do.

    By a second handshake: OpenSSL checks a chain only as it is served.
    """
    if not probe.ca:
        return "no authority was given"
    try:
        ordinary.check(Path(probe.ca), FILE_LIMIT)
        # Not create_default_context: since Python 3.13 it refuses what authorities of one's own
        # leave out (VERIFY_X509_STRICT), and curl and browsers do not.
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(probe.ca)
        if probe.certificate:
            context.load_cert_chain(probe.certificate, probe.key or None, password="")
        with places.network(probe.place) as descriptor:
            opened = opened_in(descriptor, family_of(probe.address), socket.SOCK_STREAM)
        with opened:
            opened.settimeout(within(probe.seconds))
            opened.connect((probe.address, probe.port))
            name = probe.server_name or probe.address
            with context.wrap_socket(opened, server_hostname=name) as spoken:
                same = spoken.getpeercert(binary_form=True) == served
                return "" if same else "the server has more than one certificate"
    except ssl.SSLCertVerificationError as error:
        return error.verify_message
    except (NoPlace, OSError) as error:
        return str(error)


READERS: dict[type[Probe[Any]], Callable[[Any], msgspec.Struct]] = {TlsProbe: shake}
