"""What a bundle's config.json says (config.md of the OCI's runtime specification)."""

from __future__ import annotations

import msgspec

from lab_engine.authoring import FileReading


class Program(msgspec.Struct):
    """What is to run: its words, the program first."""

    args: list[str] = msgspec.field(default_factory=list)


class Description(msgspec.Struct):
    """What it says of the host and of the program; other words in it are left out."""

    hostname: str = ""
    process: Program = msgspec.field(default_factory=Program)


def read(config: FileReading) -> Description:
    """What a file says; nothing where it is no description."""
    try:
        return msgspec.json.decode(config.content, type=Description)
    except msgspec.DecodeError:
        return Description()
