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
from lab_engine.probes.libvirt import (
    AcceleratorProbe,
    DiskProbe,
    DomainListProbe,
    DomainProbe,
    GuestCommandProbe,
    GuestFileProbe,
    GuestInterfacesProbe,
    PoolProbe,
    VirtualNetworkProbe,
)
from lab_engine.probes.namespaces import (
    InhabitantsProbe,
    SystemVProbe,
)
from lab_engine.probes.network import (
    AddressesProbe,
    BridgePortProbe,
    FirewallProbe,
    ForwardingProbe,
    LinkProbe,
    LinksProbe,
    NetworkNamespaceProbe,
    NetworkNamespacesProbe,
    RoutesProbe,
    SocketsProbe,
)
from lab_engine.probes.reach import (
    ConnectProbe,
    DnsProbe,
    HttpProbe,
    ReachProbe,
)
from lab_engine.probes.system import (
    CgroupProbe,
    ContainerLayersProbe,
    DirectoryProbe,
    DiskUsageProbe,
    FileProbe,
    MountProbe,
    MountsProbe,
    ProcessProbe,
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
    | AcceleratorProbe
    | DiskProbe
    | DomainListProbe
    | DomainProbe
    | GuestCommandProbe
    | GuestFileProbe
    | GuestInterfacesProbe
    | PoolProbe
    | VirtualNetworkProbe
    | InhabitantsProbe
    | SystemVProbe
    | AddressesProbe
    | BridgePortProbe
    | FirewallProbe
    | ForwardingProbe
    | LinkProbe
    | LinksProbe
    | NetworkNamespaceProbe
    | NetworkNamespacesProbe
    | RoutesProbe
    | SocketsProbe
    | ConnectProbe
    | DnsProbe
    | HttpProbe
    | ReachProbe
    | CgroupProbe
    | ContainerLayersProbe
    | DirectoryProbe
    | DiskUsageProbe
    | FileProbe
    | MountProbe
    | MountsProbe
    | ProcessProbe
)
"""A new probe is one more line here, and a reader in `lab_engine/readers`."""

__all__ = ["AnyProbe"]
