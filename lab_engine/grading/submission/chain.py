"""A chain of hashes over the members: none can be changed, left out, added or moved unseen.

Whoever changes a member can make the whole chain anew. So its last link, the seal, is what a
learner keeps: it says which file they handed in, and two files with one seal are the same.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from lab_engine.common import digest
from lab_engine.grading.submission.manifest import Hash
from lab_engine.grading.submission.refused import Refused

MEMBER: Final = "chain.json"
_FIRST: Final = hashlib.sha256(b"infralab submission 1").hexdigest()


class Link(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A member by its name, its bytes and their SHA-256; `link` is over these and the link before.

    That is the SHA-256 of `LINK NAME SIZE SHA256`, with single spaces.
    """

    name: Annotated[str, Meta(max_length=200)]
    size: Annotated[int, Meta(ge=0)]
    sha256: Hash
    link: Hash


def links(members: Mapping[str, bytes]) -> tuple[Link, ...]:
    """The chain over members in their order."""
    found: list[Link] = []
    for name, data in members.items():
        before = found[-1].link if found else _FIRST
        own = digest.of_bytes(data)
        over = digest.of_bytes(f"{before} {name} {len(data)} {own}".encode())
        found.append(Link(name, len(data), own, over))
    return tuple(found)


def encode(members: Mapping[str, bytes]) -> bytes:
    return msgspec.json.encode(links(members))


def verify(data: bytes, members: Mapping[str, bytes]) -> str:
    """The seal of a chain that holds. Raises Refused that names the first member that does not."""
    try:
        said = msgspec.json.decode(data, type=tuple[Link, ...])
    except (ValueError, RecursionError) as error:
        raise Refused("chain", f"its chain of hashes cannot be read: {error}") from error
    there = links(members)
    names = [link.name for link in said]
    for link in there:
        if link.name not in names:
            raise Refused("not-in-chain", f"{link.name} is not in its chain of hashes")
    for name in names:
        if name not in members:
            raise Refused("missing", f"{name} is in its chain of hashes, but not in the file")
    if names != [link.name for link in there]:
        raise Refused("order", "its members are not in the order of its chain of hashes")
    for was, now in zip(said, there, strict=True):
        if (was.size, was.sha256) != (now.size, now.sha256):
            raise Refused("changed", f"{was.name} was changed since it was handed in")
        if was.link != now.link:
            raise Refused("chain", f"its chain of hashes does not hold at {was.name}")
    if not there:
        raise Refused("empty", "there is nothing in it")
    return there[-1].link
