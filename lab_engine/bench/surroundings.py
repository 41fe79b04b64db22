"""The user's own settings for other programs, kept away from what is built and run here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

PIP: Final = frozenset(
    f"PIP_{name}"
    for name in (
        "CACHE_DIR", "CERT", "CLIENT_CERT", "CONFIG_FILE", "DEFAULT_TIMEOUT", "EXTRA_INDEX_URL",
        "FIND_LINKS", "INDEX_URL", "NO_CACHE_DIR", "NO_INDEX", "PROXY", "RETRIES", "TIMEOUT",
        "TRUSTED_HOST",
    )
)  # fmt: skip
"""pip's settings that say where packages come from; all others change what it does with them."""


def without_habits(env: Mapping[str, str]) -> dict[str, str]:
    """The environment without `PYTHON*`, the locale, `TMPDIR`, and `PIP_*` but for the sources."""
    dropped = ("PYTHON", "PIP_", "LC_", "LANG", "TMPDIR", "VIRTUAL_ENV", "BASH_ENV", "CDPATH")
    kept = {key: value for key, value in env.items() if not key.startswith(dropped)}
    kept.update({key: env[key] for key in PIP if key in env})
    # Progress and errors are read from what the programs write, in English.
    return {**kept, "LC_ALL": "C.UTF-8"}
