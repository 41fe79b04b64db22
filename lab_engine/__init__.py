"""infralab: real infrastructure to learn on, and checks that read its real state."""

from __future__ import annotations

__version__ = "0.1.0"
