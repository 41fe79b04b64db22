"""The benches of `tests/session`, for grading."""

from __future__ import annotations

from tests.session.conftest import image_tag, record, settings

__all__ = ["image_tag", "record", "settings"]
