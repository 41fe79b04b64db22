"""Questions to a name server as bytes, and its answers (RFC 1035, section 4)."""

from __future__ import annotations

import ipaddress
import struct
from typing import Final, NamedTuple

TYPES: Final = {"A": 1, "NS": 2, "CNAME": 5, "PTR": 12, "TXT": 16, "AAAA": 28}
CODES: Final = ("NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED")
_HEADER: Final = struct.Struct("!HHHHHH")
_RECURSE: Final = 0x0100
_ANSWER: Final = 0x8000
_POINTER: Final = 0xC0
_INTERNET: Final = 1
_JUMPS: Final = 32


class Malformed(ValueError):
    """The bytes are no answer to the question."""


class Answer(NamedTuple):
    code: str
    texts: tuple[str, ...]


def question(number: int, name: str, record: str) -> bytes:
    """The question. Raises ValueError for a name or record type that cannot be asked for."""
    if record not in TYPES:
        raise ValueError(f"records of type {record!r} cannot be asked for: {', '.join(TYPES)}")
    labels = [label.encode() for label in name.rstrip(".").split(".")]
    if any(not 0 < len(label) < 64 for label in labels):
        raise ValueError(f"{name!r} is no name that a name server knows")
    encoded = b"".join(bytes([len(label)]) + label for label in labels) + b"\0"
    header = _HEADER.pack(number, _RECURSE, 1, 0, 0, 0)
    return header + encoded + struct.pack("!HH", TYPES[record], _INTERNET)


def answer(data: bytes, number: int, record: str) -> Answer:
    """Read the answer to question `number`; records of other types are left out.

    Raises Malformed.
    """
    try:
        its, flags, questions, answers, _, _ = _HEADER.unpack_from(data)
        if its != number or not flags & _ANSWER:
            raise Malformed("is no answer to this question")
        offset = _HEADER.size
        for _ in range(questions):
            offset = _name(data, offset)[1] + 4
        texts = []
        for _ in range(answers):
            offset = _name(data, offset)[1]
            kind, _, _, length = struct.unpack_from("!HHIH", data, offset)
            offset += 10
            if kind == TYPES[record]:
                texts.append(_text(data, offset, length, record))
            offset += length
    except (struct.error, IndexError, UnicodeDecodeError) as error:
        raise Malformed("is cut off or broken") from error
    code = flags & 0xF
    return Answer(CODES[code] if code < len(CODES) else str(code), tuple(texts))


def _text(data: bytes, offset: int, length: int, record: str) -> str:
    if record in ("A", "AAAA"):
        try:
            return str(ipaddress.ip_address(data[offset : offset + length]))
        except ValueError as error:
            raise Malformed("has an address of a wrong length") from error
    if record == "TXT":
        parts, end = b"", offset + length
        while offset < end:
            parts += data[offset + 1 : offset + 1 + data[offset]]
            offset += 1 + data[offset]
        return parts.decode(errors="replace")
    return _name(data, offset)[0]


def _name(data: bytes, offset: int) -> tuple[str, int]:
    """A name and where what follows it begins."""
    labels: list[str] = []
    after = 0
    for _ in range(_JUMPS + 128):
        length = data[offset]
        if length >= _POINTER:
            after = after or offset + 2
            offset = (length & ~_POINTER) << 8 | data[offset + 1]
        elif length == 0:
            return ".".join(labels), after or offset + 1
        else:
            labels.append(data[offset + 1 : offset + 1 + length].decode())
            offset += 1 + length
    raise Malformed("has a name that refers to itself")
