"""What a lab may ask about repositories of OSTree and deployed systems."""

from __future__ import annotations

from lab_engine.families.ostree.probes import (
    Deployment,
    OstreeCheckoutProbe,
    OstreeCheckoutReading,
    OstreeCommitProbe,
    OstreeCommitReading,
    OstreeFile,
    OstreeForgeryProbe,
    OstreeForgeryReading,
    OstreeRepositoryProbe,
    OstreeRepositoryReading,
    OstreeSignatureProbe,
    OstreeSignatureReading,
    OstreeSoundProbe,
    OstreeSoundReading,
    OstreesProbe,
    OstreesReading,
    OstreeSysrootProbe,
    OstreeSysrootReading,
)
from lab_engine.families.ostree.requirements.disks import require_deployed
from lab_engine.families.ostree.requirements.repositories import (
    require_ostree_checkout,
    require_ostree_commit,
    require_ostree_sound,
    require_ostree_trust,
)

__all__ = [
    "Deployment",
    "OstreeCheckoutProbe",
    "OstreeCheckoutReading",
    "OstreeCommitProbe",
    "OstreeCommitReading",
    "OstreeFile",
    "OstreeForgeryProbe",
    "OstreeForgeryReading",
    "OstreeRepositoryProbe",
    "OstreeRepositoryReading",
    "OstreeSignatureProbe",
    "OstreeSignatureReading",
    "OstreeSoundProbe",
    "OstreeSoundReading",
    "OstreeSysrootProbe",
    "OstreeSysrootReading",
    "OstreesProbe",
    "OstreesReading",
    "require_deployed",
    "require_ostree_checkout",
    "require_ostree_commit",
    "require_ostree_sound",
    "require_ostree_trust",
]
