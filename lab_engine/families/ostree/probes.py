"""Questions about repositories of OSTree, and about disks to which systems were deployed.

Repositories are asked by `ostree` itself, as the folder's owner. Commits are named by their whole
checksums. Event topic: `file`, for what lies in the watched folders.
"""

from __future__ import annotations

from typing import ClassVar, Final

import msgspec

from lab_engine.common.probe import Probe, Reading

CONTENT_LIMIT: Final = 64 * 1024
FILE_LIMIT: Final = 500
HISTORY_LIMIT: Final = 100
TOPICS: Final = frozenset({"file", "mount"})


class OstreeRepositoryReading(Reading, frozen=True):
    """A repository; `exists` is false for a folder that is none.

    `mode` is how it keeps files: `bare`, `bare-user-only`, `archive`. `refs` maps branches to
    commits; those of a remote have its name before a colon. `remotes` maps names to addresses.
    """

    exists: bool = True
    mode: str = ""
    refs: dict[str, str] = msgspec.field(default_factory=dict)
    remotes: dict[str, str] = msgspec.field(default_factory=dict)


class OstreeRepositoryProbe(Probe[OstreeRepositoryReading], frozen=True, tag="ostree-repository"):
    """A repository, by its folder.

    Example::

        OstreeRepositoryProbe("/home/learner/work/systems")
        reading.exists and "acorn/stable" in reading.refs
    """

    path: str

    reading: ClassVar[type[msgspec.Struct]] = OstreeRepositoryReading

    def topics(self) -> frozenset[str]:
        return TOPICS


class OstreeFile(msgspec.Struct, frozen=True):
    """A file of a commit. `content` is that of a file that was asked for, up to CONTENT_LIMIT."""

    checksum: str
    size: int = 0
    mode: int = 0
    link: str = ""
    content: str = ""


class OstreeCommitReading(Reading, frozen=True):
    """A commit. `history` are the commits that it stands on, itself first.

    `signed` are those of `history` that bear a signature of GnuPG, whoever made it.
    `files` maps paths that begin with a slash; at most FILE_LIMIT of `total`.
    """

    exists: bool = True
    id: str = ""
    subject: str = ""
    history: tuple[str, ...] = ()
    signed: tuple[str, ...] = ()
    files: dict[str, OstreeFile] = msgspec.field(default_factory=dict)
    total: int = 0


class OstreeCommitProbe(Probe[OstreeCommitReading], frozen=True, tag="ostree-commit"):
    """What a branch or a checksum stands for, `^` for the one before; `reads` are files to read.

    Example::

        OstreeCommitProbe("/srv/systems", "acorn/stable^", ("/usr/lib/os-release",))
        reading.exists and "VERSION_ID=1" in reading.files["/usr/lib/os-release"].content
    """

    path: str
    revision: str
    reads: tuple[str, ...] = ()

    reading: ClassVar[type[msgspec.Struct]] = OstreeCommitReading

    def topics(self) -> frozenset[str]:
        return TOPICS


class OstreeCheckoutReading(Reading, frozen=True):
    """A folder against a commit. `exists` is false where the commit or the folder is not there.

    `differs` are paths that one of the two has otherwise, or not at all. `shared` of `total` files
    are the repository's own: one inode with two names.
    """

    exists: bool = True
    folder: bool = True
    differs: tuple[str, ...] = ()
    shared: int = 0
    total: int = 0


class OstreeCheckoutProbe(Probe[OstreeCheckoutReading], frozen=True, tag="ostree-checkout"):
    """Whether a folder is a commit, checked out, and whether it takes room of its own.

    Example::

        OstreeCheckoutProbe("/srv/systems", "acorn/stable^", "/srv/old")
        not reading.differs and reading.shared == reading.total
    """

    path: str
    revision: str
    folder: str

    reading: ClassVar[type[msgspec.Struct]] = OstreeCheckoutReading

    def topics(self) -> frozenset[str]:
        return TOPICS


class OstreeSoundReading(Reading, frozen=True):
    """`sound` says that each object is what its name says; `why` is what ostree found."""

    exists: bool = True
    sound: bool = True
    why: str = ""


class OstreeSoundProbe(Probe[OstreeSoundReading], frozen=True, tag="ostree-sound"):
    """Hashes all of a repository again, as `ostree fsck` does.

    Example::

        OstreeSoundProbe("/srv/kiosk/ostree/repo")
        reading.sound
    """

    path: str

    reading: ClassVar[type[msgspec.Struct]] = OstreeSoundReading

    def topics(self) -> frozenset[str]:
        return TOPICS


class Deployment(msgspec.Struct, frozen=True):
    """A system on a disk, as the entry of the boot loader has it.

    `folder`, `kernel` and `initramfs` are whole paths in the bench; `refspec` is where its updates
    come from.
    """

    os: str
    commit: str
    serial: int = 0
    title: str = ""
    folder: str = ""
    kernel: str = ""
    initramfs: str = ""
    options: str = ""
    refspec: str = ""
    pinned: bool = False


class OstreeSysrootReading(Reading, frozen=True):
    """A disk, as far as a boot loader sees it: the first deployment is what it starts."""

    exists: bool = True
    deployments: tuple[Deployment, ...] = ()

    @property
    def default(self) -> Deployment | None:
        return self.deployments[0] if self.deployments else None


class OstreeSysrootProbe(Probe[OstreeSysrootReading], frozen=True, tag="ostree-sysroot"):
    """The systems on the disk whose root folder is `path`, from the entries in `boot/loader`.

    Example::

        OstreeSysrootProbe("/srv/kiosk")
        reading.default and reading.default.pinned
    """

    path: str

    reading: ClassVar[type[msgspec.Struct]] = OstreeSysrootReading

    def topics(self) -> frozenset[str]:
        return TOPICS


class OstreeSignatureReading(Reading, frozen=True):
    """`keys` are those with which the commit was signed, `good` those of them that are trusted.

    `kept` maps the keys that the repository keeps for the remote to the names in them.
    """

    exists: bool = True
    keys: tuple[str, ...] = ()
    good: tuple[str, ...] = ()
    kept: dict[str, tuple[str, ...]] = msgspec.field(default_factory=dict)

    @property
    def others(self) -> tuple[str, ...]:
        """The names in kept keys of somebody else than who signed.

        A second key with the same name is one of the same maker, who may have made another.
        """
        signers = [names for key, names in self.kept.items() if key.endswith(self.good)]
        ours = {name for names in signers for name in names}
        return tuple(
            ", ".join(names) or key
            for key, names in self.kept.items()
            if not key.endswith(self.good) and ours.isdisjoint(names)
        )


class OstreeSignatureProbe(Probe[OstreeSignatureReading], frozen=True, tag="ostree-signature"):
    """The signatures of a commit, by the keys that a repository keeps for a remote.

    Example::

        OstreeSignatureProbe("/srv/kiosk/ostree/repo", "vendor:acorn/stable", "vendor")
        reading.good
    """

    path: str
    revision: str
    remote: str

    reading: ClassVar[type[msgspec.Struct]] = OstreeSignatureReading

    def topics(self) -> frozenset[str]:
        return TOPICS


class OstreeForgeryReading(Reading, frozen=True):
    """`tried` is false when there was nothing to try it with, such as no such remote."""

    exists: bool = True
    tried: bool = True
    refused: bool = False
    said: str = ""


class OstreeForgeryProbe(Probe[OstreeForgeryReading], frozen=True, tag="ostree-forgery"):
    """Whether a commit that nobody signed would be taken from a remote.

    Pulled into a copy of the repository's settings and keys, from a repository that is made for it.

    Example::

        OstreeForgeryProbe("/srv/kiosk/ostree/repo", "vendor")
        reading.refused
    """

    path: str
    remote: str

    reading: ClassVar[type[msgspec.Struct]] = OstreeForgeryReading

    def topics(self) -> frozenset[str]:
        return TOPICS


class OstreesReading(Reading, frozen=True):
    """Repositories and disks in the watched folders. A disk's own repository is not in the list."""

    repositories: tuple[str, ...] = ()
    sysroots: tuple[str, ...] = ()


class OstreesProbe(Probe[OstreesReading], frozen=True, tag="ostrees"):
    """What there is of OSTree; nothing in a bench without it.

    Example::

        OstreesProbe()
        "/srv/kiosk" in reading.sysroots
    """

    reading: ClassVar[type[msgspec.Struct]] = OstreesReading

    def topics(self) -> frozenset[str]:
        return TOPICS
