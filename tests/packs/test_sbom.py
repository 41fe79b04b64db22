"""The list of a pack's components is CycloneDX by that format's own schema."""

from __future__ import annotations

import json

from lab_engine.packs.sbom import cyclonedx

BILL = {
    "pack": "proxies",
    "version": "1",
    "components": [
        {
            "type": "library",
            "name": "haproxy",
            "version": "3.0.11-1+deb13u5",
            "licence": "GPL-2+ AND Expat",
            "purl": "pkg:deb/debian/haproxy@3.0.11-1+deb13u5?arch=amd64",
            "sha256": "0" * 64,
        },
        {"type": "application", "name": "kube", "version": "go1.24.4"},
    ],
}


def test_it_holds_to_the_schema() -> None:
    # Here: the validator compiles 39 grammars when it is loaded, which takes two seconds, and every
    # process that runs tests loads every module of them.
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    document = cyclonedx(BILL)
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(document)) is None
    assert {one["name"] for one in document["components"]} == {"haproxy", "kube"}
    haproxy = next(one for one in document["components"] if one["name"] == "haproxy")
    assert haproxy["licenses"] == [{"license": {"name": "GPL-2+ AND Expat"}}]
    assert haproxy["hashes"][0]["content"] == "0" * 64
