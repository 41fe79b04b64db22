"""Runs git in a repository, as the repository's owner (agent side)."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Final

from lab_engine.errors import ProviderError

GIT: Final = "/usr/bin/git"
_SECONDS: Final = 10.0
# Nothing of anybody's settings, and no way up into a repository that the folder lies in. A work
# tree of another owner's is read all the same (safe.directory in git-config(1)).
ENVIRONMENT: Final = {
    "PATH": "/usr/bin:/bin",
    "HOME": "/nonexistent",
    "LC_ALL": "C.UTF-8",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_NO_LAZY_FETCH": "1",
}
_SETTINGS: Final = ("-c", "safe.directory=*", "-c", "core.fsmonitor=false", "-c", "gc.auto=0")


def installed() -> bool:
    return Path(GIT).exists()


def run(path: str, *words: str, given: bytes = b"", user: int | None = None) -> bytes | None:
    """What git prints in the folder; None when it ends with another code than 0.

    `user` is a number; the folder's owner when left out. Raises ProviderError when there is no git,
    or when it takes too long.
    """
    try:
        about = Path(path).stat()
        done = subprocess.run(
            [GIT, *_SETTINGS, *words],
            cwd=path,
            env={**ENVIRONMENT, "GIT_CEILING_DIRECTORIES": str(Path(path).resolve().parent)},
            user=about.st_uid if user is None else user,
            group=about.st_gid if user is None else user,
            extra_groups=[],
            input=given,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
    except (NotADirectoryError, PermissionError):
        return None
    except FileNotFoundError as error:
        if Path(path).exists() and not installed():
            raise ProviderError(
                "there is no git in this bench", hint='Put packs = ["git"] into lesson.md.'
            ) from error
        return None
    except OSError:
        # A circle of links, a name that is too long: what a learner made, no fault of ours.
        return None
    except subprocess.TimeoutExpired as error:
        raise ProviderError(f"git takes too long in {path}") from error
    return done.stdout if done.returncode == 0 else None


def line(path: str, *words: str) -> str:
    """The first line that git prints; empty when it fails."""
    said = run(path, *words)
    return said.decode(errors="replace").partition("\n")[0] if said else ""


def folder_of(path: str) -> Path | None:
    """The folder of a repository with its objects and refs; None when `path` is no repository."""
    found = line(path, "rev-parse", "--absolute-git-dir")
    return Path(found) if found else None


def imported(
    files: dict[str, str], *, branch: str, message: str, author: str, onto: str = ""
) -> bytes:
    """A stream for `git fast-import`: one commit with these files and no others.

    Its time is fixed, so that the same files always make the same commit.
    """
    who = f"{author} 1767261600 +0000".encode()
    words = message.encode()
    parts = [f"commit refs/heads/{branch}\n".encode()]
    parts += [b"author ", who, b"\ncommitter ", who, f"\ndata {len(words)}\n".encode(), words]
    parts.append(f"\nfrom {onto}\ndeleteall\n".encode() if onto else b"\n")
    for name, text in sorted(files.items()):
        content = text.encode()
        mode = 755 if text.startswith("#!") else 644
        quoted = name.replace("\\", "\\\\").replace('"', '\\"')
        parts += [f'M 100{mode} inline "{quoted}"\ndata {len(content)}\n'.encode(), content, b"\n"]
    return b"".join(parts)
