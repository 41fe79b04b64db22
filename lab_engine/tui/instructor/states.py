"""Signs and looks of what a learner has, the same on all screens."""

from __future__ import annotations

from typing import Final

MUTED: Final = "$foreground 75%"
"""The look of what matters less, beside a text: paler could not be read in every theme."""
STATES: Final = {
    "reproduced": ("✔", "success"),
    "diverged": ("✘", "error"),
    "not replayable": ("?", "warning"),
    "overridden": ("✎", "accent"),
    "nothing handed in": ("·", "dim"),
}
"""Of a standing."""
OUTCOMES: Final = {
    "pass": ("✔", "success"),
    "given": ("◇", "dim"),
    "fail": ("✘", "error"),
    "error": ("!", "warning"),
    "not done": ("○", "dim"),
    "not replayed": ("?", "warning"),
}
"""Of a task."""
