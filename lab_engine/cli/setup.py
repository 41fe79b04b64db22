"""`infralab setup`."""

from __future__ import annotations

import argparse
import time

from lab_engine.cli.words import Progress, verb


def add(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe the verb."""
    verb(
        verbs,
        "setup",
        "build the bench image, once",
        about="Build the image that benches are started from, unless this version's is there. "
        "Interrupt it when you like: nothing half-made is left, and the next run goes on.",
        examples=(("infralab setup", "2 to 3 minutes the first time, nothing to do afterwards"),),
    )


def run(_: argparse.Namespace) -> int:
    """Build the image if it is missing."""
    from lab_engine.bench import image

    start = time.monotonic()
    with Progress() as progress:
        tag = image.ensure_image(progress)
    seconds = time.monotonic() - start
    made = f"built in {seconds:.0f} s" if seconds > 1.5 else "is there"
    print(f"The bench image {tag} {made}.")
    return 0
