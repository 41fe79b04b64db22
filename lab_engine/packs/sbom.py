"""A pack's list of components in the form of CycloneDX 1.6 (ECMA-424), by its own library."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import DisjunctiveLicense
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion
from packageurl import PackageURL


def cyclonedx(bill: Mapping[str, Any]) -> dict[str, Any]:
    """The list that a pack's build wrote (`packs.image.bill`), as a CycloneDX document."""
    whole = Component(name=bill["pack"], version=bill["version"], type=ComponentType.PLATFORM)
    bom = Bom(components=list(_components(bill)))
    bom.metadata.component = whole
    bom.register_dependency(whole, bom.components)
    text = make_outputter(bom, OutputFormat.JSON, SchemaVersion.V1_6).output_as_string()
    document: dict[str, Any] = json.loads(text)
    return document


def _components(bill: Mapping[str, Any]) -> Iterator[Component]:
    for one in bill["components"]:
        name = one.get("licence", "")
        digest = one.get("sha256", "")
        yield Component(
            name=one["name"],
            version=one["version"],
            type=ComponentType(one["type"]),
            # By name: what a package calls its licence is not always an SPDX identifier.
            licenses=[DisjunctiveLicense(name=name)] if name else [],
            hashes=[HashType(alg=HashAlgorithm.SHA_256, content=digest)] if digest else [],
            purl=PackageURL.from_string(one["purl"]) if one.get("purl") else None,
            bom_ref=one.get("purl") or f"{one['name']}@{one['version']}",
        )
