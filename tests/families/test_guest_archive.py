from __future__ import annotations

import stat
import subprocess
from pathlib import Path

import pytest

from lab_engine.families.libvirt.guests.archive import Tree


def sample() -> Tree:
    tree = Tree()
    tree.file("usr/bin/tool", b"abc", 0o755)
    tree.folder("tmp", 0o1777)
    tree.link("bin", "usr/bin")
    tree.file("/etc/empty", b"")
    return tree


@pytest.mark.bench
@pytest.mark.inside
def test_cpio_reads_it(tmp_path: Path) -> None:
    subprocess.run(["cpio", "-idm", "--quiet"], input=sample().cpio(), cwd=tmp_path, check=True)
    assert (tmp_path / "usr/bin/tool").read_bytes() == b"abc"
    assert stat.S_IMODE((tmp_path / "tmp").stat().st_mode) == 0o1777
    assert stat.S_IMODE((tmp_path / "usr/bin/tool").stat().st_mode) == 0o755
    assert (tmp_path / "bin").readlink() == Path("usr/bin")
    assert (tmp_path / "etc/empty").stat().st_size == 0


def test_same_content_same_bytes_in_any_order() -> None:
    other = Tree()
    other.file("etc/empty", b"")
    other.link("bin", "usr/bin")
    other.folder("tmp", 0o1777)
    other.file("usr/bin/tool", b"abc", 0o755)
    assert other.cpio() == sample().cpio()
