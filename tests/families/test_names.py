"""What a short name may stand for in a place, by its resolv.conf(5)."""

from __future__ import annotations

import pytest

from lab_engine.families.netlink.agent.readers.reach import whole_names

POD = """search default.svc.cluster.local svc.cluster.local cluster.local
nameserver 10.96.0.10
options ndots:5
"""
ENDS = ("default.svc.cluster.local", "svc.cluster.local", "cluster.local")


@pytest.mark.parametrize(
    ("name", "settings", "asked"),
    [
        ("web", "", ["web"]),
        ("web", "nameserver 127.0.0.11\noptions ndots:0\n", ["web"]),
        # Docker hands on the search list of its machine, and its own names come first.
        ("web", "search lan\noptions edns0 ndots:0", ["web", "web.lan"]),
        ("web", POD, [*(f"web.{end}" for end in ENDS), "web"]),
        ("web.shop", POD, [*(f"web.shop.{end}" for end in ENDS), "web.shop"]),
        ("example.org", "search lan", ["example.org", "example.org.lan"]),
        ("web.default.svc.cluster.local.", POD, ["web.default.svc.cluster.local"]),
        ("web", "search old\ndomain lan\noptions ndots:x", ["web.lan", "web"]),
        ("web", "search .", ["web"]),
    ],
)
def test_what_is_asked_for_a_name(name: str, settings: str, asked: list[str]) -> None:
    assert whole_names(name, settings) == asked
