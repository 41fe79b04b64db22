"""Questions about image layouts: folders with `blobs/sha256` in them.

As the OCI image-spec has them (image-layout.md). Every hash is computed anew from the bytes.
Digests are written `sha256:HEX`. Event topic: `file`.
"""

from __future__ import annotations

from typing import ClassVar, Final

import msgspec

from lab_engine.common.probe import Probe, Reading, Sees

BLOBS: Final = "blobs/sha256"
BLOB_LIMIT: Final = 64 << 20
"""Bytes up to which a blob is read, and unpacked."""
TOTAL_LIMIT: Final = 256 << 20
"""Bytes that are read of all blobs of a layout together."""
COUNT_LIMIT: Final = 100
JSON_LIMIT: Final = 1 << 20
TEXT_LIMIT: Final = 4096
ENTRY_LIMIT: Final = 2000
TOPICS: Final = frozenset({"file", "mount"})


class LayerFile(msgspec.Struct, frozen=True):
    """One entry of a layer's archive. `kind` is file, directory, link or other.

    `text` is a file's content up to TEXT_LIMIT, or where a link leads; `sha256` that of a file.
    """

    kind: str = "file"
    size: int = 0
    sha256: str = ""
    text: str = ""


class Descriptor(msgspec.Struct, frozen=True):
    """How one document names a blob (descriptor.md). `size` is -1 where none is said.

    `name` is the annotation `org.opencontainers.image.ref.name`.
    """

    digest: str = ""
    size: int = -1
    media_type: str = ""
    name: str = ""


class ImageConfig(msgspec.Struct, frozen=True):
    """What a config says (config.md). `diff_ids` are the layers' hashes, unpacked, lowest first."""

    architecture: str = ""
    os: str = ""
    command: tuple[str, ...] = ()
    entrypoint: tuple[str, ...] = ()
    environment: tuple[str, ...] = ()
    diff_ids: tuple[str, ...] = ()


class Manifest(msgspec.Struct, frozen=True):
    """What a manifest says (manifest.md): one config, and layers, lowest first."""

    config: Descriptor
    layers: tuple[Descriptor, ...] = ()


class Blob(msgspec.Struct, frozen=True):
    """A file in `blobs/sha256`, by what its bytes are.

    `digest` is computed from them; empty above BLOB_LIMIT. `kind` is layer (an archive of tar, also
    one packed with gzip), config, manifest, index, json or other. `diff_id` is the hash of a
    layer's archive unpacked. `files` maps a layer's paths, without `./` before them, to entries.
    """

    digest: str = ""
    size: int = 0
    kind: str = "other"
    diff_id: str = ""
    files: dict[str, LayerFile] = msgspec.field(default_factory=dict)
    config: ImageConfig | None = None
    manifest: Manifest | None = None


class OciLayoutReading(Reading, frozen=True):
    """A layout. `blobs` is by the name of the file; `total` counts those beyond COUNT_LIMIT too.

    `version` is the `imageLayoutVersion` in `oci-layout`, empty when there is none. `index` is what
    `index.json` names; None without such a file, or when it is no index.
    """

    exists: bool = True
    version: str = ""
    index: tuple[Descriptor, ...] | None = None
    blobs: dict[str, Blob] = msgspec.field(default_factory=dict)
    total: int = 0

    @property
    def liars(self) -> list[str]:
        """The names that are not the hash of what is in the file."""
        return [name for name, blob in self.blobs.items() if blob.digest != f"sha256:{name}"]

    def blob(self, digest: str) -> Blob | None:
        """The blob of that digest, if its bytes have it as their hash."""
        found = self.blobs.get(digest.removeprefix("sha256:"))
        return found if found and found.digest == digest else None

    def of_kind(self, kind: str) -> list[Blob]:
        """The blobs of one kind, in order of their names."""
        return [blob for blob in self.blobs.values() if blob.kind == kind]


class OciLayoutProbe(Probe[OciLayoutReading], frozen=True, tag="oci-layout"):
    """A folder that has blobs of an image; one without `blobs/sha256` does not exist, here.

    Example::

        OciLayoutProbe("/home/learner/work/shop")
        reading.exists and not reading.liars and len(reading.of_kind("layer")) == 1
    """

    path: str

    reading: ClassVar[type[msgspec.Struct]] = OciLayoutReading

    @property
    def sees(self) -> Sees:
        return "parsed"

    def topics(self) -> frozenset[str]:
        return TOPICS


class OciLayoutsReading(Reading, frozen=True):
    """`paths` of layouts in the folders that a lesson may use."""

    paths: tuple[str, ...] = ()


class OciLayoutsProbe(Probe[OciLayoutsReading], frozen=True, tag="oci-layouts"):
    """All layouts, by their folders.

    Example::

        OciLayoutsProbe()
        "/home/learner/work/shop" in reading.paths
    """

    reading: ClassVar[type[msgspec.Struct]] = OciLayoutsReading

    @property
    def sees(self) -> Sees:
        return "parsed"

    def topics(self) -> frozenset[str]:
        return TOPICS
