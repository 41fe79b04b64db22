"""Where marks are kept: metadata for domains and networks, an extended attribute for files.

Pools and volumes have no metadata in libvirt, so theirs is the attribute `trusted.infralab` of the
folder or file, which only root sees and which a copy does not carry on.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree as ET

import libvirt

from lab_engine.common.resource import Resource
from lab_engine.errors import ProviderError
from lab_engine.families.libvirt.agent.parsed import parsed
from lab_engine.families.provider import Mark

NAMESPACE: Final = "urn:infralab:libvirt"
PREFIX: Final = "infralab"
ATTRIBUTE: Final = "trusted.infralab"

ET.register_namespace(PREFIX, NAMESPACE)


def element(mark: Mark, key: str, wanted: str) -> ET.Element:
    """The metadata element. `wanted` is a digest of the resource that it was made from."""
    return ET.Element(f"{{{NAMESPACE}}}made", {"mark": mark.text(key), "wanted": wanted})


def of_xml(root: ET.Element) -> tuple[str, str]:
    """The mark and the digest in a domain's or network's XML; two empty texts without."""
    made = root.find(f"metadata/{{{NAMESPACE}}}made")
    return ("", "") if made is None else (made.get("mark", ""), made.get("wanted", ""))


def of_network(network: Any) -> tuple[str, str]:
    """The same for a `libvirt.virNetwork`."""
    return of_xml(parsed(network.XMLDesc(0)))


def of_domain(domain: Any) -> tuple[str, str]:
    """The same for a `libvirt.virDomain`; the definition for the next start counts, if any."""
    flags = libvirt.VIR_DOMAIN_XML_INACTIVE if domain.isPersistent() else 0
    return of_xml(parsed(domain.XMLDesc(flags)))


def refuse(found: str, mark: Mark, wanted: Resource, what: str, hint: str) -> None:
    """Raise ProviderError where there is something with another mark than `wanted` would have."""
    if found != mark.text(wanted.key):
        raise ProviderError(
            f"{what} of this name is there already, and it is not of this lesson",
            resource=wanted.key,
            hint=hint,
        )


def of_file(path: str | Path) -> str:
    """A file's or folder's mark, or an empty text."""
    try:
        return os.getxattr(path, ATTRIBUTE, follow_symlinks=False).decode()
    except OSError as error:
        # Where a file system keeps no attributes, nothing was ever marked.
        if error.errno in (errno.ENODATA, errno.ENOENT, errno.ENOTSUP, errno.ENOTDIR):
            return ""
        raise


def put_on_file(path: str | Path, text: str) -> None:
    """Raises OSError where the file system keeps no extended attributes."""
    os.setxattr(path, ATTRIBUTE, text.encode(), follow_symlinks=False)


def take_off_file(path: str | Path) -> None:
    """Remove a mark; a file without one stays as it is."""
    try:
        os.removexattr(path, ATTRIBUTE, follow_symlinks=False)
    except OSError as error:
        if error.errno != errno.ENODATA:
            raise
