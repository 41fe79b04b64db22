"""A lock of jars: which file of which coordinates, each with its SHA-256.

    # one a line; what follows `#` is for people
    org.slf4j:slf4j-api:2.0.17 sha256=7b75...
    io.zipkin:zipkin-server:jar:exec:3.6.1 sha256=0f1c...

Coordinates are as Maven writes them, GROUP:ARTIFACT[:EXTENSION[:CLASSIFIER]]:VERSION
(maven.apache.org/resolver, DefaultArtifact). Read at the client and while a pack is built.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_PART: Final = re.compile(r"[A-Za-z0-9_.+-]+\Z")
_SUM: Final = re.compile(r"sha256=([0-9a-f]{64})\Z")


@dataclass(frozen=True, slots=True)
class Jar:
    """One file of a Maven repository."""

    group: str
    artifact: str
    version: str
    sha256: str
    extension: str = "jar"
    classifier: str = ""

    @property
    def file(self) -> str:
        """Its name, in the repository and in the image."""
        tail = f"-{self.classifier}" if self.classifier else ""
        return f"{self.artifact}-{self.version}{tail}.{self.extension}"

    @property
    def path(self) -> str:
        """Where it lies in a repository (the layout `default` of Maven 2 and later)."""
        return f"{self.group.replace('.', '/')}/{self.artifact}/{self.version}/{self.file}"

    @property
    def purl(self) -> str:
        """Its package URL (purl-spec, type maven)."""
        tail = f"classifier={self.classifier}&" if self.classifier else ""
        return f"pkg:maven/{self.group}/{self.artifact}@{self.version}?{tail}type={self.extension}"


def read(text: str) -> tuple[Jar, ...]:
    """The jars of a lock. Raises ValueError with the line that is wrong."""
    found: dict[str, Jar] = {}
    for number, line in enumerate(text.splitlines(), 1):
        words = line.partition("#")[0].split()
        if not words:
            continue
        jar = _jar(words)
        if jar is None:
            raise ValueError(
                f"line {number} is not GROUP:ARTIFACT[:EXTENSION[:CLASSIFIER]]:VERSION sha256=HEX"
            )
        if jar.file in found:
            raise ValueError(f"line {number} is a second {jar.file}")
        found[jar.file] = jar
    if not found:
        raise ValueError("it names no jar")
    return tuple(found.values())


def _jar(words: list[str]) -> Jar | None:
    parts = words[0].split(":")
    known = _SUM.match(words[-1])
    whole = len(words) == 2 and 3 <= len(parts) <= 5
    # Dots alone would be a way out of the folder.
    if not (whole and known and all(_PART.match(part) and part.strip(".") for part in parts)):
        return None
    group, artifact, *middle, version = parts
    return Jar(group, artifact, version, known[1], *middle)
