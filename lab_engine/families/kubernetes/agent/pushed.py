"""What the bench's registry holds: its tags, as files below its folder.

Keys are `pushed/REPOSITORY:TAG`, a fingerprint is the manifest's digest. The tree is that of
distribution's storage driver (docs/storage-drivers, `registry/storage/paths.go`); the registry
reads it at each request, so a tag that is written or taken away is so at once. Blobs stay.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Final

KIND: Final = "pushed"
FOLDER: Final = Path("/var/lib/docker/registry")
_TREE: Final = "docker/registry/v2"
_TAGS: Final = "_manifests/tags"
_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}\Z")


def entries() -> dict[str, str]:
    root = _repositories()
    found = {}
    for link in sorted(root.glob(f"**/{_TAGS}/*/current/link")):
        tag = link.parent.parent
        repository = tag.parents[2].relative_to(root).as_posix()
        found[f"{KIND}/{repository}:{tag.name}"] = link.read_text().strip()
    return found


def remove(name: str) -> None:
    """Take a tag away, and its repository with the last one. Absent is no error."""
    folder = _tag(name)
    shutil.rmtree(folder, ignore_errors=True)
    if not any(folder.parent.glob("*/current/link")):
        # Its own parts only: other repositories may lie below it, as `shop/web` below `shop`.
        for part in ("_manifests", "_layers", "_uploads"):
            shutil.rmtree(folder.parents[2] / part, ignore_errors=True)


def mend(name: str, before: str) -> bool:
    """Have the tag lead to the manifest of before; False when that is not there any more."""
    if not _DIGEST.match(before):
        return False
    number = before.partition(":")[2]
    if not (FOLDER / _TREE / "blobs/sha256" / number[:2] / number / "data").is_file():
        return False
    folder = _tag(name)
    revision = folder.parents[1] / "revisions/sha256" / number
    for place in (revision, folder / "current", folder / "index/sha256" / number):
        place.mkdir(parents=True, exist_ok=True)
        (place / "link").write_text(before)
    return True


def _repositories() -> Path:
    return FOLDER / _TREE / "repositories"


def _tag(name: str) -> Path:
    repository, _, tag = name.rpartition(":")
    return _repositories() / repository / _TAGS / tag
