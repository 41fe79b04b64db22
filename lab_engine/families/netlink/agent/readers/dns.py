"""Questions to a name server, by dnspython on sockets of the place that asks.

dnspython is loaded with the first question: it takes 70 to 90 ms, which the start of an agent
would feel.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from dns.message import Message, QueryMessage
    from dns.rdata import Rdata

Opener = Callable[[int], socket.socket]
"""Makes a socket of a kind (`SOCK_DGRAM`, `SOCK_STREAM`) in the place that asks."""


class Malformed(ValueError):
    """The bytes are no answer to the question."""


class Answer(NamedTuple):
    """`code` as RFC 1035 and RFC 2136 name it, and a text for each record of the asked type."""

    code: str
    texts: tuple[str, ...]


def ask(name: str, record: str, server: tuple[str, int], seconds: float, opener: Opener) -> Answer:
    """Ask over UDP, and over TCP when the answer was cut off (RFC 7766, section 5).

    Args:
        name: with or without its final dot.
        record: the type, such as `A`, `TXT` or `MX`.
        server: its address and port.
        seconds: for both ways together.
        opener: see `Opener`.

    Raises:
        ValueError: a name or a record type that cannot be asked for.
        Malformed: what came is no answer to this question.
        OSError: the server cannot be reached, or is silent (TimeoutError).
    """
    from dns import exception, query, rcode, rdatatype
    from dns.message import Truncated, make_query

    try:
        wanted = rdatatype.from_text(record)
        question = make_query(name, wanted)
    except exception.DNSException as error:
        raise ValueError(f"{name!r} ({record}) cannot be asked for: {error}") from error
    deadline = time.monotonic() + seconds
    try:
        try:
            answer = _over_udp(question, server, deadline, opener)
        except Truncated:
            answer = _over_tcp(question, server, deadline, opener)
    except exception.Timeout as error:
        raise TimeoutError from error
    except (exception.FormError, query.BadResponse, query.UnexpectedSource) as error:
        raise Malformed(f"is no answer: {error}") from error
    except EOFError as error:
        raise Malformed("is cut off") from error
    texts = [_text(one) for found in answer.answer if found.rdtype == wanted for one in found]
    return Answer(rcode.to_text(answer.rcode()), tuple(texts))


def _over_udp(
    question: QueryMessage, server: tuple[str, int], deadline: float, opener: Opener
) -> Message:
    from dns import query

    with opener(socket.SOCK_DGRAM) as opened:
        # Only a connected socket hears that nobody listens there (udp(7)); dnspython's own is not.
        opened.connect(server)
        opened.setblocking(False)
        return query.udp(
            question, server[0], _left(deadline), server[1], sock=opened, raise_on_truncation=True
        )


def _over_tcp(
    question: QueryMessage, server: tuple[str, int], deadline: float, opener: Opener
) -> Message:
    from dns import query

    with opener(socket.SOCK_STREAM) as opened:
        opened.settimeout(_left(deadline))
        opened.connect(server)
        opened.setblocking(False)
        return query.tcp(question, server[0], _left(deadline), server[1], sock=opened)


def _left(deadline: float) -> float:
    """Not 0, which to a socket means not to wait at all."""
    return max(0.01, deadline - time.monotonic())


def _text(record: Rdata) -> str:
    """As people read it: a text in one piece, a name without its final dot."""
    strings = getattr(record, "strings", None)
    if strings is not None:
        return b"".join(strings).decode(errors="replace")
    target = getattr(record, "target", None)
    if target is not None and record.rdtype.name in ("NS", "CNAME", "PTR"):
        return str(target.to_text(omit_final_dot=True))
    return record.to_text()
