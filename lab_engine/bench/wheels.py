"""The client's own Python packages as files, for machines that reach no index.

They go into the archive of `infralab image save`; the launcher takes them from there.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from lab_engine.bench import surroundings
from lab_engine.errors import ImageError

LOCK: Final = Path(__file__).parents[2] / "requirements.lock"
"""Only a clone has it: what was installed from a wheel has no launcher either."""
VERSIONS: Final = ("3.11", "3.12", "3.13")
"""Of Debian 12, Ubuntu 24.04 and Debian 13."""
SECONDS: Final = 600


def gather(
    folder: Path,
    progress: Callable[[str], None] = lambda _: None,
    versions: Sequence[str] = VERSIONS,
) -> list[Path]:
    """Download what the lock names into `folder`, for this machine's kind of processor.

    `versions` are Python's. Nothing without a lock. Raises ImageError when one cannot be had.
    """
    if not LOCK.is_file():
        return []
    machine = platform.machine()
    for version in versions:
        progress(f"gathering the Python packages for Python {version}")
        # pip takes only the tags that are named, so also those that an older wheel bears.
        tags = [f"--platform={kind}_{machine}" for kind in ("manylinux2014", "manylinux_2_17")]
        tags += [f"--platform=manylinux_2_28_{machine}", f"--python-version={version}"]
        command = ["-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-input"]
        command += ["--no-deps", "--only-binary=:all:", "--require-hashes", *tags]
        done = subprocess.run(
            [sys.executable, *command, "--dest", str(folder), "--requirement", str(LOCK)],
            env=surroundings.without_habits(os.environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        if done.returncode != 0:
            lines = done.stderr.strip().splitlines() or ["pip said nothing"]
            raise ImageError(
                f"the Python packages for Python {version} cannot be downloaded: {lines[-1]}",
                hint="The archive holds them for machines without a network. Check that "
                "`pip download` works here, or save it with --no-wheels.",
            )
    return sorted(folder.glob("*.whl"))
