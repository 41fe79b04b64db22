"""Repositories of OSTree and the disks that systems were deployed to: read, never made."""

from __future__ import annotations

from typing import Final

from lab_engine.families.family import Drawn, Family
from lab_engine.families.ostree import probes

FAMILY: Final = Family(
    name="ostree",
    pack="ostree",
    threads=2,
    probes=(
        probes.OstreeCheckoutProbe,
        probes.OstreeCommitProbe,
        probes.OstreeForgeryProbe,
        probes.OstreeRepositoryProbe,
        probes.OstreeSignatureProbe,
        probes.OstreeSoundProbe,
        probes.OstreeSysrootProbe,
        probes.OstreesProbe,
    ),
    readers=("readers", "disks", "trust"),
    drawn={
        "ostree-repository": Drawn("repository of systems", "store", "⎇"),
        "ostree-deployment": Drawn("deployed system", "place", "▤"),
    },
)
