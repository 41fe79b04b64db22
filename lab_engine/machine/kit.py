"""The kit's own files, as they go into a box: what a clone has for a learner, without its tests."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from lab_engine.bench import tarball
from lab_engine.errors import ImageError

ROOT: Final = Path(__file__).parents[2]
PARTS: Final = (
    "CHANGELOG.md", "LICENSE", "README.md", "content", "docs", "infralab", "lab_engine", "labs",
    "packs", "pyproject.toml", "requirements.lock", "vagrant/README.md", "vagrant/Vagrantfile",
    "vagrant/lessons", "vagrant/provision.sh",
)  # fmt: skip
_LEFT_OUT: Final = ("__pycache__", ".vagrant")


def packed(root: Path = ROOT) -> bytes:
    """A tar of the clone at `root`, with fixed times and owners.

    Raises:
        ImageError: it is no clone.
    """
    lacking = [name for name in PARTS if not (root / name).exists()]
    if lacking:
        raise ImageError(
            f"a box has the whole kit in it, and {root} lacks {', '.join(lacking)}",
            hint="Make it in a clone of infralab's repository, by `./infralab machine box FILE`.",
        )
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for path in _files(root):
            mode = 0o755 if path.stat().st_mode & 0o100 else 0o644
            tarball.add(tar, path.relative_to(root).as_posix(), path.read_bytes(), mode=mode)
    return buffer.getvalue()


def _files(root: Path) -> Iterator[Path]:
    for part in PARTS:
        top = root / part
        for path in sorted(top.rglob("*")) if top.is_dir() else [top]:
            within = path.relative_to(root).parts
            # Links would be followed to wherever they lead; the kit has none.
            if path.is_file() and not path.is_symlink() and not set(within) & set(_LEFT_OUT):
                yield path
