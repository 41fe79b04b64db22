"""What a source of events is: a thread that waits for one kind of news and publishes topics."""

from __future__ import annotations

import logging
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar

from lab_engine.common.probe import RESYNC

Publish = Callable[[str, str], None]
"""(topic, subject), from any thread."""

RETRY_SECONDS = 1.0

log = logging.getLogger(__name__)


class Source(ABC):
    """Runs until `stop`. What breaks is begun anew, with a resync, since news was missed."""

    topics: ClassVar[tuple[str, ...]]

    def __init__(self, publish: Publish) -> None:
        self.publish = publish
        self.stopping = threading.Event()
        # daemon: one that waits inside a library, as for Docker's events, sees `stop` only at the
        # next.
        self._thread = threading.Thread(target=self._run, name=type(self).__name__, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self.stopping.set()

    def _run(self) -> None:
        while not self.stopping.is_set():
            try:
                self.listen()
            # Whatever it was: a source that has ended would leave the checks to their slow poll.
            except Exception as error:
                log.info("%s: %s: %s", type(self).__name__, type(error).__name__, error)
            if self.stopping.wait(RETRY_SECONDS):
                return
            self.publish(RESYNC, type(self).__name__)

    @abstractmethod
    def listen(self) -> None:
        """Publish until `stopping` is set; look at it at least once a second."""
