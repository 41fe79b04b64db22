"""Runs in the container that writes the cache: the command, then its entry in the manifest.

    python -m lab_engine.inside.writer --record MANIFEST KEY IMAGE -- COMMAND...

Uses the standard library alone.
"""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any


def record(manifest: Path, key: str, entry: dict[str, str] | None) -> None:
    """Set the entry of `key`, or remove it (None); the file is replaced in one step."""
    try:
        known: dict[str, Any] = json.loads(manifest.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        known = {}
    if entry is None:
        known.pop(key, None)
    else:
        known[key] = entry
    partial = manifest.with_suffix(".new")
    partial.write_text(json.dumps(known, indent=1, sort_keys=True), encoding="utf-8")
    partial.replace(manifest)


def main(argv: list[str]) -> int:
    """Return the exit code of the command; the manifest changes only when it is 0."""
    mode, manifest, key, image, _, *command = argv
    code = subprocess.run(command, check=False).returncode
    if code == 0:
        entry = {"written": datetime.now(UTC).isoformat(timespec="seconds"), "image": image}
        record(Path(manifest), key, None if mode == "--forget" else entry)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
