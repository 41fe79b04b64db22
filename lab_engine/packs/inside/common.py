"""What the parts of a pack's build have in common: its places, its words, what it keeps."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any, NoReturn

# Folders that every Debian has, so that mounting makes no new one in the image.
INPUTS, CACHE = Path("/mnt"), Path("/media")
RECIPE, OUT = INPUTS / "pack", CACHE / "out"
Component = dict[str, Any]


def say(words: str) -> None:
    print(f"infralab: {words}", flush=True)


def fail(words: str) -> NoReturn:
    """End the build: what is wrong is the last line of its log."""
    print(f"ERROR: {words}", flush=True)
    sys.exit(1)


def run(argv: list[str], **more: Any) -> None:
    """Run a program. Its output is the build's; ends the build, naming the program, if it fails."""
    done = subprocess.run(argv, check=False, stdin=subprocess.DEVNULL, **more)
    if done.returncode:
        say(f"failed with {done.returncode}: {' '.join(argv)[:300]}")
        sys.exit(done.returncode if 0 < done.returncode < 126 else 1)


def keep(key: str, things: dict[str, Path], bill: list[Component]) -> None:
    """Put what was made into the cache. The folder's own name comes last: it is whole, then."""
    fresh = OUT / f".{key}.new"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    for name, path in things.items():
        with tarfile.open(fresh / f"{name}.tar", "w") as tar:
            tar.add(path, arcname=path.name)
    (fresh / "bill.json").write_text(json.dumps(bill))
    shutil.rmtree(OUT / key, ignore_errors=True)
    fresh.rename(OUT / key)


def unpack(key: str, name: str, target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    with tarfile.open(OUT / key / f"{name}.tar") as tar:
        tar.extractall(target, filter="tar")


def bill_of(key: str) -> list[Component]:
    found: list[Component] = json.loads((OUT / key / "bill.json").read_text())
    return found


def link(target: str, command: str) -> None:
    place = Path("/usr/local/bin") / command
    if str(place) != target:
        place.unlink(missing_ok=True)
        place.symlink_to(target)
