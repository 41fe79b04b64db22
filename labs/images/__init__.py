"""Images: what is in one, how one is made by hand, and why nobody can change one unseen."""

from __future__ import annotations

from labs.images import by_hand, liars, many, no_kernel, stacked
from labs.images.values import lab

__all__ = ["by_hand", "lab", "liars", "many", "no_kernel", "stacked"]
