"""A cloud with one machine: rented, stretched, refused and billed."""

from __future__ import annotations

from labs.a_cloud_of_your_own import api, bill, rent, stretch, tenants
from labs.a_cloud_of_your_own.values import lab

__all__ = ["api", "bill", "lab", "rent", "stretch", "tenants"]
