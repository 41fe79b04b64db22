"""One path in a stack of layers, as both ends speak of it."""

from __future__ import annotations

from typing import Final

import msgspec

CONTENT_LIMIT: Final = 64 * 1024


class LayeredFile(msgspec.Struct, frozen=True):
    """A path in layers. `kind` is file, directory, link (`content` is where to) or other.

    `content` is a file's text up to CONTENT_LIMIT, and empty when it is longer, which `whole` says.
    `changed_at` is the change time of its inode, which nobody can set (inode(7), ctime).
    """

    exists: bool = True
    kind: str = ""
    size: int = 0
    content: str = ""
    whole: bool = True
    sha256: str = ""
    changed_at: float = 0.0
