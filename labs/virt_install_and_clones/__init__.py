"""Machines to order: virt-install, networks, cards for running machines, and clones."""

from __future__ import annotations

from labs.virt_install_and_clones import clone, network, order, plug
from labs.virt_install_and_clones.values import lab

__all__ = ["clone", "lab", "network", "order", "plug"]
