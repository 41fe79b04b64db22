"""A platform that deploys what is pushed to it: as its customer, then as its operator."""

from __future__ import annotations

from labs.push_to_deploy import crash, operate, push, rejected
from labs.push_to_deploy.values import lab

__all__ = ["crash", "lab", "operate", "push", "rejected"]
