"""What a build is handed of this machine's own settings: how it reaches the package registries.

They are for the build alone and come to it on a volume, so that they are in no image.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

from lab_engine import settings as settings_module
from lab_engine.bench import recipe, surroundings

GO: Final = ("GOPROXY", "GONOPROXY", "GOSUMDB", "GONOSUMDB", "GOPRIVATE", "GOFLAGS", "GOINSECURE")
PROXIES: Final = tuple(
    name
    for word in ("http_proxy", "https_proxy", "no_proxy", "all_proxy")
    for name in (word, word.upper())
)
PIP: Final = (
    "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_TRUSTED_HOST", "PIP_PROXY", "PIP_DEFAULT_TIMEOUT",
    "PIP_TIMEOUT", "PIP_RETRIES",
)  # fmt: skip
"""pip's settings that mean something on another machine; paths of files do not."""
SYSTEM: Final = Path("/etc/ssl/certs/ca-certificates.crt")


class Handed(msgspec.Struct, frozen=True):
    """`env` for all programs, apt's settings, a mirror or "", certificates in PEM or ""."""

    env: dict[str, str]
    apt: tuple[str, ...]
    mirror: str
    certificates: str


def handed() -> Handed:
    """Read the settings. Raises nothing: what cannot be read is left out."""
    env = {name: os.environ[name] for name in PROXIES if name in os.environ}
    env |= _pip() | _go(os.environ)
    return Handed(
        env,
        tuple(recipe.apt_options()),
        settings_module.load().mirror or recipe.host_mirror(),
        _certificates(),
    )


def _pip() -> dict[str, str]:
    """Pip's settings about where packages come from, from its files and the environment."""
    found = {name: os.environ[name] for name in PIP if name in os.environ}
    for line in _said("python3", "-m", "pip", "config", "list").splitlines():
        # `global.index-url='https://…'`; `:env:` is the environment, which is there already.
        key, _, value = line.partition("=")
        name = "PIP_" + key.rpartition(".")[2].upper().replace("-", "_")
        if name in PIP:
            found.setdefault(name, value.strip("'\""))
    return found


def _go(environ: Mapping[str, str]) -> dict[str, str]:
    found = {name: environ[name] for name in GO if name in environ}
    if shutil.which("go"):
        # `go env -w` writes to a file of Go's own (go help env).
        lines = _said("go", "env", *GO).splitlines()
        found |= {
            name: value for name, value in zip(GO, lines, strict=False) if value and name in GO
        }
    return found


def _said(*argv: str) -> str:
    try:
        return subprocess.run(
            argv, capture_output=True, text=True, timeout=30, check=False,
            env=surroundings.without_habits(os.environ),
        ).stdout  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return ""


def _certificates() -> str:
    """The authorities that this machine trusts: a proxy may have one of its own."""
    for path in (os.environ.get("SSL_CERT_FILE", ""), os.environ.get("PIP_CERT", ""), str(SYSTEM)):
        if path and Path(path).is_file():
            try:
                return Path(path).read_text(encoding="utf-8", errors="replace")
            except OSError:
                continue
    return ""
