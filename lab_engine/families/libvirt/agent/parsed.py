"""What libvirtd and the file system say of a thing, in the form that several modules need."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET


def parsed(text: str) -> ET.Element:
    """The root of a description that libvirtd wrote (libvirt.org/format.html)."""
    return ET.fromstring(text)  # noqa: S314 - libvirtd wrote it


def identity(path: str) -> str:
    """Device and inode number of what a path leads to; empty when it leads nowhere."""
    if not path:
        return ""
    try:
        about = Path(path).stat()
    except OSError:
        return ""
    return f"{about.st_dev}:{about.st_ino}"
