"""The engine that gradings are done in: a container's or the machine's, named before it is used."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, cast

from lab_engine.cli import endpoint
from lab_engine.cli.words import say

if TYPE_CHECKING:
    from lab_engine.grading.batch.isolation import Asked, Isolation
    from lab_engine.settings import Settings


def add_isolation(parser: argparse.ArgumentParser) -> None:
    """Give a verb the choice of its wall."""
    parser.add_argument(
        "--isolation",
        choices=("auto", "vm", "container"),
        default="auto",
        help="vm: in the engine of `infralab machine`, for work that is not trusted; auto: so "
        "where KVM works and a machine has been made, else in a container",
    )


@contextmanager
def isolated(asked: str) -> Iterator[Isolation]:
    """Name the engine in DOCKER_HOST, and say which it is.

    A machine that is off is started, and is off again at the end. To be entered before anything
    asks for an engine: time limits are read with it.

    Raises BenchError, UsageError.
    """
    from lab_engine import settings
    from lab_engine.common import patience
    from lab_engine.grading.batch import isolation
    from lab_engine.machine import accelerator, chosen

    found = settings.load()
    choice = isolation.choose(cast("Asked", asked), found, os.environ)
    say(f"Grading {isolation.told(choice.isolation)}: {choice.why}.")
    if choice.isolation == "container":
        endpoint.follow_context(os.environ)
        yield "container"
        return
    if accelerator.find().emulated:
        # Noted by the machine's first start only, and too late for the limits read until then.
        os.environ.setdefault(patience.VARIABLE, chosen.PATIENCE)
    chosen.follow(found, os.environ)
    with _started(found):
        require_image()
        yield "vm"


@contextmanager
def _started(found: Settings) -> Iterator[None]:
    from lab_engine.cli.words import Progress
    from lab_engine.machine import life, place

    where = place.of(found)
    if life.ready(where):
        yield
        return
    say("The machine is off: it is started for this, and stopped at the end.")
    with Progress() as progress:
        life.start(found, progress)
    try:
        yield
    finally:
        with Progress() as progress:
            life.stop(where, progress)


def require_image(packs: Sequence[str] = ()) -> None:
    """Refuse a machine whose engine lacks the bench image, or these packs.

    Nothing builds them there unasked: it reaches no mirror, so that a build would fail after a
    while, and not say why.

    Raises ImageError.
    """
    from lab_engine.bench import image
    from lab_engine.errors import ImageError
    from lab_engine.packs import image as images

    lacks = "" if image.state().base_present else "no bench image of this version"
    if not lacks and packs and (absent := images.missing(packs)):
        lacks = f"not every pack of the assignment (missing: {', '.join(absent.names)})"
    if lacks:
        more = f" --packs {' '.join(packs)}" if packs else ""
        raise ImageError(
            f"the machine's engine has {lacks}",
            hint="Copy it there once, with the packs that the lessons need:\n"
            f"  INFRALAB_ENGINE=docker infralab image save bench.tar --no-wheels{more}\n"
            "  infralab machine start; INFRALAB_ENGINE=machine infralab image load bench.tar\n"
            "Or grade in containers: --isolation container.",
        )
