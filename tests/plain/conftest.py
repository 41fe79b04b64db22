"""The sessions on benches of `tests/session`."""

from __future__ import annotations

from tests.session.conftest import begin, image_tag, record, settings

__all__ = ["begin", "image_tag", "record", "settings"]
