"""Infrastructure as a service, part by part: network, machines, disk, firewall, balancer."""

from __future__ import annotations

from labs.build_an_iaas import balancer, compute, firewall, network, outage, storage
from labs.build_an_iaas.values import lab

__all__ = ["balancer", "compute", "firewall", "lab", "network", "outage", "storage"]
