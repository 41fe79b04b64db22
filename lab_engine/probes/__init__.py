"""Everything that a check can ask about the bench."""

from __future__ import annotations

from lab_engine.probes.docker import (
    ContainerCommandProbe,
    ContainerFileProbe,
    DockerContainerProbe,
    DockerContainersProbe,
    DockerImageProbe,
    DockerInfoProbe,
    DockerNetworkProbe,
    DockerNetworksProbe,
    DockerVolumeProbe,
    DockerVolumesProbe,
)

AnyProbe = (
    ContainerCommandProbe
    | ContainerFileProbe
    | DockerContainerProbe
    | DockerContainersProbe
    | DockerImageProbe
    | DockerInfoProbe
    | DockerNetworkProbe
    | DockerNetworksProbe
    | DockerVolumeProbe
    | DockerVolumesProbe
)
"""A new probe is one more line here, and a reader in `lab_engine/readers`."""

__all__ = ["AnyProbe"]
