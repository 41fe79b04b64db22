"""A cluster of Kubernetes: what it is made of, and a wish that it keeps true."""

from __future__ import annotations

from labs.kubernetes import breaking, deployment, drain, look, release, service
from labs.kubernetes.values import lab

__all__ = ["breaking", "deployment", "drain", "lab", "look", "release", "service"]
