"""Image layouts in the bench's folders: read and drawn. Who makes one is the learner."""

from __future__ import annotations

from typing import Final

from lab_engine.families.family import Drawn, Family
from lab_engine.families.oci import probes

FAMILY: Final = Family(
    name="oci",
    threads=2,
    probes=(probes.OciLayoutProbe, probes.OciLayoutsProbe),
    readers=("readers",),
    drawn={
        "oci-layout": Drawn("image layout", "place", "▦"),
        "oci-blob": Drawn("blob", "store", "▪"),
    },
)
