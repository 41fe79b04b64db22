"""The list of a pack's components is CycloneDX by that format's own schema."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lab_engine.packs.inside.make import go_bill
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
        {"type": "application", "name": "kube", "version": "recipe-5e1f"},
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


@pytest.mark.parametrize(
    ("package", "version"),
    [
        ("go.etcd.io/etcd/server/v3", "3.6.4"),
        # The longest module that the package lies in, and no module whose name only begins so.
        ("go.etcd.io/etcd/server/v3/embed/cmd", "3.6.4"),
        ("go.etcd.io/etcd/server/v30", "0.1.0"),
        ("example.net/old/cmd", "1.1.0"),
        ("example.net/older", "recipe-5e1f"),
        ("infralab/kube", "recipe-5e1f"),
    ],
)
def test_a_go_program_has_the_version_of_its_module(
    tmp_path: Path, package: str, version: str
) -> None:
    modules = [
        {"Path": "go.etcd.io/etcd/server/v3", "Version": "v3.6.4"},
        {"Path": "go.etcd.io/etcd", "Version": "v0.1.0"},
        {
            "Path": "example.net/old",
            "Version": "v1.0.0",
            "Replace": {"Path": "example.net/forked", "Version": "v1.1.0"},
        },
    ]
    listed = {"GoVersion": "go1.24.4", "Path": package, "Deps": modules}
    its, library, *parts = go_bill(json.dumps(listed), "tool", "5e1f", tmp_path)
    assert its == {"type": "application", "name": "tool", "version": version}
    assert library["purl"] == "pkg:golang/stdlib@1.24.4"
    assert [one["name"] for one in parts][-1] == "example.net/forked"
