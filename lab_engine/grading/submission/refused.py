"""A file that is not taken for a submission, with the reason."""

from __future__ import annotations

from lab_engine.errors import InfralabError

AGAIN = "Hand in again what `infralab submit` wrote, unchanged."


class Refused(InfralabError):
    """Nothing of the file was used. `reason` is a short stable name, such as `too-big`."""

    exit_code = 1

    def __init__(self, reason: str, why: str, *, hint: str = AGAIN) -> None:
        super().__init__(f"refused: {why}", hint=hint)
        self.reason = reason
