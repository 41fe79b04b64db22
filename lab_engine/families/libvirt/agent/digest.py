"""A short digest of a wanted resource, kept with its mark: what cannot be seen from outside."""

from __future__ import annotations

import hashlib

import msgspec

from lab_engine.common.resource import Resource


def of(resource: Resource) -> str:
    """Sixteen hexadecimal digits that change with any field."""
    return hashlib.sha256(msgspec.json.encode(resource, order="sorted")).hexdigest()[:16]
