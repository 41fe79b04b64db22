"""Benches for programs that lessons give."""

from __future__ import annotations

from tests.bench.conftest import image_tag, make_bench

__all__ = ["image_tag", "make_bench"]
