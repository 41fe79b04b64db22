"""Docker networking on one host: bridge, a bridge of one's own, none, host, a shared namespace."""

from __future__ import annotations

from labs.docker_networking import bridges, drivers, inspecting, nothing, on_host, shared
from labs.docker_networking.values import lab

__all__ = ["bridges", "drivers", "inspecting", "lab", "nothing", "on_host", "shared"]
