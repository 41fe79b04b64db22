from __future__ import annotations

import struct
from pathlib import Path

import pytest

from lab_engine.families.libvirt.agent import qcow2


def image(backing: bytes = b"", capacity: int = 64 << 20) -> bytes:
    offset = 200 if backing else 0
    start = struct.pack(">4sIQIIQ", b"QFI\xfb", 3, offset, len(backing), 16, capacity)
    return start.ljust(200, b"\0") + backing


def test_reads_capacity_and_backing_file(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(image(b"/pools/base.qcow2"))
    assert qcow2.read(tmp_path / "a") == qcow2.Header(64 << 20, "/pools/base.qcow2")
    (tmp_path / "b").write_bytes(image())
    assert qcow2.read(tmp_path / "b") == qcow2.Header(64 << 20, "")


@pytest.mark.parametrize("content", [b"", b"QFI\xfb", b"\0" * 512])
def test_everything_else_is_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a").write_bytes(content)
    assert qcow2.read(tmp_path / "a") is None
    assert qcow2.read(tmp_path / "missing") is None
