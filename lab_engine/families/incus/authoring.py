"""What a lab may ask for and ask about of Incus."""

from __future__ import annotations

from lab_engine.families.incus.probes import (
    IncusCertificate,
    IncusEventsProbe,
    IncusImagesProbe,
    IncusImagesReading,
    IncusInstanceProbe,
    IncusInstanceReading,
    IncusInstancesProbe,
    IncusInstancesReading,
    IncusProjectReading,
    IncusProjectsProbe,
    IncusProjectsReading,
    IncusServerProbe,
    IncusServerReading,
    IncusTrustProbe,
    IncusTrustReading,
    IncusUse,
)
from lab_engine.families.incus.requirements.instances import (
    require_instance,
    require_instance_gone,
    require_instance_serves,
    require_untouched_instance,
)
from lab_engine.families.incus.requirements.tenants import (
    require_project,
    require_rented_over_api,
    require_restricted,
)
from lab_engine.families.incus.resources import IncusImage, IncusInstance, IncusProject

__all__ = [
    "IncusCertificate",
    "IncusEventsProbe",
    "IncusImage",
    "IncusImagesProbe",
    "IncusImagesReading",
    "IncusInstance",
    "IncusInstanceProbe",
    "IncusInstanceReading",
    "IncusInstancesProbe",
    "IncusInstancesReading",
    "IncusProject",
    "IncusProjectReading",
    "IncusProjectsProbe",
    "IncusProjectsReading",
    "IncusServerProbe",
    "IncusServerReading",
    "IncusTrustProbe",
    "IncusTrustReading",
    "IncusUse",
    "require_instance",
    "require_instance_gone",
    "require_instance_serves",
    "require_project",
    "require_rented_over_api",
    "require_restricted",
    "require_untouched_instance",
]
