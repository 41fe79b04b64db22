"""The list of a pack's components is CycloneDX by that format's own schema."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lab_engine.course.pack import recipes
from lab_engine.packs import image
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
    ("module", "version"),
    [
        ("mod\tgo.etcd.io/etcd/etcdctl/v3\tv3.6.4\th1:LsCA7CzjVt", "3.6.4"),
        ("mod\tgo.etcd.io/etcd/etcdctl/v3\tv3.6.4\n\t=>\texample.net/ctl\tv3.7.0\th1:a", "3.7.0"),
        ("mod\tinfralab/kube\t(devel)\t", "recipe-5e1f"),
    ],
)
def test_a_go_program_has_the_version_of_its_module(
    tmp_path: Path, module: str, version: str
) -> None:
    listed = f"""/tmp/tool: go1.24.4
\tpath\tgo.etcd.io/etcd/etcdctl/v3
\t{module}
\tdep\tgo.etcd.io/etcd/api/v3\tv3.6.4\th1:7F6N7toCKcV72QmoUKa23yYLiiljMrT4xCeBL9BmXdo=
\tdep\texample.net/old\tv1.0.0
\t=>\texample.net/forked\tv1.1.0\th1:PX8Ux0OFSsmGkU6SIC+JVlGYxzAVtYcGmvvUUrGa+xI=
\tbuild\t-ldflags="-s -w"
\tbuild\tCGO_ENABLED=0
"""
    its, library, *parts = go_bill(listed, "tool", "5e1f", tmp_path)
    assert its == {"type": "application", "name": "tool", "version": version}
    assert library["purl"] == "pkg:golang/stdlib@1.24.4"
    assert [f"{one['name']} {one['version']}" for one in parts] == [
        "go.etcd.io/etcd/api/v3 v3.6.4",
        "example.net/forked v1.1.0",
    ]


@pytest.mark.bench
@pytest.mark.parametrize("pack", sorted(name for name, one in recipes().items() if one.pack.go))
def test_a_pack_lists_what_its_programs_are_made_of(pack: str) -> None:
    if image.missing([pack]) is not None:
        pytest.skip(f"the pack {pack} is not built")
    parts = image.bill(pack)["components"]
    assert all(one["version"] for one in parts)
    programs = {one["name"] for one in parts if one["type"] == "application"}
    assert {
        program.name for part in recipes()[pack].pack.go for program in part.programs
    } <= programs
    assert sum(one.get("purl", "").startswith("pkg:golang/") for one in parts) > 10
