"""Docker's engine in the bench."""

from __future__ import annotations

from typing import Final

from lab_engine.families.docker import resources
from lab_engine.families.docker.probes import container, contexts, daemon, engine, inside, services
from lab_engine.families.family import Daemon, Drawn, Family, Removal, Shell

FAMILY: Final = Family(
    name="docker",
    threads=16,
    daemon=Daemon(
        "/run/docker.sock",
        ("dockerd", "containerd"),
        starters=("containerd", "dockerd", "docker-proxy", "runc"),
        behind="/run/containerd/containerd.sock",
    ),
    resources={
        resources.Image: "image:ImageProvider",
        resources.Container: "container:ContainerProvider",
        resources.DockerNetwork: "network:NetworkProvider",
        resources.DockerVolume: "volume:VolumeProvider",
    },
    probes=(
        engine.DockerEventsProbe,
        inside.ContainerCommandProbe,
        inside.ContainerFileProbe,
        inside.ContainerLogProbe,
        container.DockerContainerProbe,
        container.DockerContainersProbe,
        contexts.DockerContextsProbe,
        daemon.DockerDaemonProbe,
        engine.DockerImageProbe,
        engine.DockerInfoProbe,
        engine.DockerNetworkProbe,
        engine.DockerNetworksProbe,
        engine.DockerVolumeProbe,
        engine.DockerVolumesProbe,
        inside.ContainerLayersProbe,
        inside.ContainerPathsProbe,
        inside.DockerImagePathsProbe,
        inside.ImageLayersProbe,
        services.DockerServiceProbe,
    ),
    readers=("readers", "layered", "journal", "services", "daemon", "contexts"),
    journal="journal",
    topics={"docker": "events:DockerEvents"},
    inventory="inventory",
    removal={
        # It starts a container anew for each that is taken away.
        "swarm": Removal.PROCESSES,
        "container": Removal.MACHINES,
        "docker-network": Removal.STORES,
        "docker-volume": Removal.STORES,
        "image": Removal.STORES,
        # Before the files, since the engine reads one of them.
        "engine-setting": Removal.STORES,
        "docker-context": Removal.FILES,
    },
    machinery="machinery",
    interfaces="interfaces",
    fleeting="fleeting",
    drawn={
        "container": Drawn("container", "place", "▣"),
        "network": Drawn("network", "segment"),
        "volume": Drawn("volume", "store", "▤", "░"),
        "shared-network": Drawn("shared", "segment", line="┄"),
    },
    shells={
        "container": Shell(
            ("docker", "exec", "-it", "{}", "sh"), "▣", ("docker", "exec", "-i", "{}", "sh")
        )
    },
)
