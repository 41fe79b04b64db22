"""Runs ostree on a repository, as the repository's owner (agent side)."""

from __future__ import annotations

import configparser
import subprocess
from pathlib import Path
from typing import Final, NamedTuple

from lab_engine.common import ordinary
from lab_engine.errors import ProviderError

OSTREE: Final = "/usr/bin/ostree"
_SECONDS: Final = 20.0
_SETTINGS: Final = 1 << 20
_ENVIRONMENT: Final = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "LC_ALL": "C.UTF-8"}


class Said(NamedTuple):
    code: int
    out: str
    err: str


def installed() -> bool:
    return Path(OSTREE).exists()


def run(repository: str, *words: str) -> Said:
    """What `ostree --repo=REPOSITORY WORDS` says.

    A folder that is not there, or cannot be read, is an answer with a code of its own. Raises
    ProviderError when there is no ostree, or when it takes too long.
    """
    if not installed():
        raise ProviderError(
            "there is no ostree in this bench", hint='Put packs = ["ostree"] into lesson.md.'
        )
    try:
        about = Path(repository).stat()
        done = subprocess.run(
            [OSTREE, f"--repo={repository}", *words],
            cwd="/", env=_ENVIRONMENT, capture_output=True, timeout=_SECONDS, check=False,
            user=about.st_uid, group=about.st_gid, extra_groups=[],
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise ProviderError(f"ostree takes too long in {repository}") from error
    except OSError as error:
        # A circle of links, a name that is too long: what a learner made, no fault of ours.
        return Said(-1, "", error.strerror or str(error))
    return Said(
        done.returncode,
        done.stdout.decode(errors="replace"),
        done.stderr.decode(errors="replace"),
    )


def settings(path: Path) -> configparser.RawConfigParser:
    """A key file of GLib's, such as `config` in a repository; empty when it cannot be read."""
    found = configparser.RawConfigParser(strict=False)
    try:
        found.read_string(ordinary.text(path, _SETTINGS))
    except (OSError, ValueError, configparser.Error):
        return configparser.RawConfigParser()
    return found


def remote(name: str) -> str:
    """The section of a remote in a repository's settings."""
    return f'remote "{name}"'
