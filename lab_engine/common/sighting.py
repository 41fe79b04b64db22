"""What was seen of one wanted resource."""

from __future__ import annotations

import msgspec


class Sighting(msgspec.Struct, frozen=True):
    """What a provider saw of one wanted resource.

    `drift` is empty, or says in a few words why what is there is not what is wanted
    ("image is alpine, wanted busybox"). `facts` are shown to people and used by the picture.
    """

    present: bool
    ours: bool = False
    drift: str = ""
    facts: dict[str, str] = {}


ABSENT = Sighting(present=False)
