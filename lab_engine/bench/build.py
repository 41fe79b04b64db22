"""What both ways of building share: names, progress, a `docker build` that cleans up."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

from lab_engine.bench import engine
from lab_engine.errors import ImageError

BASE: Final = "infralab/base"
BENCH: Final = "infralab/bench"

Progress = Callable[[str], None]
"""Called with a short sentence at least once for everything that takes over a second.

It may raise ImageError, which ends what goes on: nothing half-made is left.
"""

SILENCE: Final = 5.0
"""Seconds."""
# The beginnings of what mmdebstrap writes with --verbose.
_STAGES: Final = {
    "running apt-get update": "reading the package lists of Debian",
    "downloading packages": "downloading packages",
    "extracting archives": "unpacking the core",
    "installing essential": "installing the core",
    "installing remaining": "installing packages",
    "creating tarball": "writing the root file system",
}


class Follower:
    """Turns what mmdebstrap, apt and our scripts write into progress, about one a second."""

    def __init__(self, progress: Progress) -> None:
        self.tail: list[str] = []
        self._progress = progress
        self._stage, self._total, self._done, self._last = "preparing", 0, 0, 0.0

    def line(self, line: str) -> None:
        """Take one line without its end."""
        self.tail.append(line)
        # Enough to tell why it failed; a build writes thousands of lines.
        del self.tail[:-60]
        if match := re.search(r"(\d+) newly installed", line):
            self._total, self._done = int(match[1]), 0
        if line.startswith("infralab: "):
            self._enter(line.removeprefix("infralab: "))
        elif line.startswith("I: "):
            for start, words in _STAGES.items():
                if line[3:].startswith(start):
                    self._enter(words)
        elif line.startswith(("Get:", "Setting up ")):
            self._done += 1
            if time.monotonic() - self._last > 1:
                verb = "fetched" if line.startswith("Get:") else "set up"
                known = self._total and self._done <= self._total
                of = f" of {self._total}" if known else ""
                self._tell(f"{self._stage}: {verb} {self._done}{of}")

    def still(self) -> None:
        """Say again what goes on, when there was nothing new for some seconds."""
        if time.monotonic() - self._last > SILENCE:
            self._tell(self._stage)

    def _enter(self, stage: str) -> None:
        self._stage, self._done, self._total = stage, 0, 0
        self._tell(stage)

    def _tell(self, words: str) -> None:
        self._last = time.monotonic()
        self._progress(words)


def build_from(client: Any, context: bytes, tag: str, follower: Follower, **options: Any) -> None:
    """Run `docker build` on a context tar; `tag` appears only if all of it succeeded.

    Raises:
        ImageError: a step of the build failed; carries the end of its output.
    """
    temporary = f"{tag.split(':')[0]}:tmp-{os.getpid()}"
    try:
        with engine.explain(f"building {tag}"):
            stream = client.api.build(
                fileobj=context,
                custom_context=True,
                tag=temporary,
                rm=True,
                # Otherwise the container of a step that failed stays (Docker API, ImageBuild).
                forcerm=True,
                decode=True,
                encoding="identity",
                # The SDK drops the client's own limit for a build; each message must come in time.
                timeout=client.api.timeout,
                **options,
            )
            # Read to its end also after an error, which gives the connection back.
            failure = ""
            for message in stream:
                failure = failure or str(message.get("error", ""))
                for line in str(message.get("stream", "")).splitlines():
                    follower.line(line)
            if failure:
                raise ImageError(
                    f"building {tag}: {failure.strip()}\n" + "\n".join(follower.tail[-15:]),
                    hint="Mend the cause, then run it again.",
                )
            retag(client, temporary, tag)
    except BaseException:
        with suppress(Exception):
            client.api.remove_image(temporary, force=True)
        with suppress(Exception):
            # The steps that did work left images without a name.
            client.api.prune_images({"dangling": True, "label": "infralab.kind"})
        raise


def retag(client: Any, temporary: str, tag: str) -> None:
    """Give a finished image its name and take the temporary one away."""
    repository, _, name = tag.partition(":")
    client.api.tag(temporary, repository, name)
    client.api.remove_image(temporary, noprune=True)
