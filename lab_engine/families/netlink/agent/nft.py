"""Tables of the packet filter, through `nft -j` (libnftables-json(5)) run inside a host.

Each resource has a table of its own, whose rules all bear its mark as their comment. The kernel
takes a table as a whole or not at all, so there are no half-made ones.
"""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any, Final

import msgspec

from lab_engine.common.sighting import ABSENT, Sighting
from lab_engine.errors import ProviderError, ProvisionTimeout
from lab_engine.families.netlink.agent import marks, namespaces, rtnl, wire
from lab_engine.families.netlink.resources import Filter, Nat
from lab_engine.families.provider import Mark, Owned

FAMILY: Final = "inet"
SECONDS: Final = 10.0
_PRIORITY: Final = {"filter": 0, "dstnat": -100, "srcnat": 100}

Expression = dict[str, Any]

_whereabouts = marks.Whereabouts()


class Chain(msgspec.Struct, frozen=True):
    """The one base chain of a table of ours, with its rules."""

    hook: str
    kind: str
    priority: int
    policy: str
    rules: tuple[tuple[Expression, ...], ...]


def run(descriptor: int | None, *words: str, text: bytes = b"", key: str = "") -> bytes:
    """Run nft in a namespace. Raises ProviderError with what it said when it refuses."""
    try:
        with namespaces.inside(descriptor):
            done = subprocess.run(
                ["nft", "-j", *words], input=text, capture_output=True, timeout=SECONDS, check=False
            )
    except FileNotFoundError as error:
        raise ProviderError(
            "the program nft is not in the bench",
            resource=key,
            hint="The bench image lacks the package nftables: run `infralab setup`.",
        ) from error
    except subprocess.TimeoutExpired as error:
        raise ProvisionTimeout(
            f"nft took longer than {SECONDS:g} s", resource=key, hint="Try again."
        ) from error
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise ProviderError(
            f"nft refused: {said[0] if said else f'exit code {done.returncode}'}",
            resource=key,
            hint="`sudo nft list ruleset` shows what is there.",
        )
    return done.stdout


class _PacketFilter(rtnl.Netlink):
    protocol = 12
    """NETLINK_NETFILTER"""


_GET_TABLE: Final = 10 << 8 | 1
_TABLE_NAME: Final = 1
_HEADER_SIZE: Final = 4


def tables(descriptor: int | None) -> list[str]:
    """The names of all tables of a namespace, of every family, without starting nft.

    Raises OSError.
    """
    with namespaces.inside(descriptor):
        connection = _PacketFilter()
    try:
        found = list(connection.dump(wire.Message(_GET_TABLE, bytes(_HEADER_SIZE))))
    finally:
        connection.close()
    return [wire.text(wire.attributes(body, _HEADER_SIZE).get(_TABLE_NAME)) for body in found]


def ruleset(descriptor: int | None) -> list[dict[str, Any]]:
    """Every table, chain and rule of a namespace, in nft's order."""
    document = msgspec.json.decode(run(descriptor, "list", "ruleset") or b"{}")
    found: list[dict[str, Any]] = document.get("nftables", [])
    return found


def match(left: Expression, right: Any) -> Expression:
    return {"match": {"op": "==", "left": left, "right": right}}


def interface(which: str, name: str) -> Expression:
    """`which` is iifname or oifname."""
    return match({"meta": {"key": which}}, name)


def network(field: str, cidr: str) -> Expression:
    """`field` is saddr or daddr."""
    address, _, length = cidr.partition("/")
    protocol = "ip6" if ":" in address else "ip"
    right: Any = {"prefix": {"addr": address, "len": int(length)}} if length else address
    return match({"payload": {"protocol": protocol, "field": field}}, right)


def protocol_port(protocol: str, port: int) -> list[Expression]:
    if port:
        return [match({"payload": {"protocol": protocol, "field": "dport"}}, port)]
    return [match({"meta": {"key": "l4proto"}}, protocol)] if protocol else []


def table_name(key: str) -> str:
    """The table of a resource: `infralab-nat-web` for `nat/web`."""
    return f"infralab-{key.replace('/', '-')}"


def _comments(chain: Chain, text: str) -> list[str]:
    """The comment of each rule: the mark, and a digest of what the rule says and where."""
    shape = [chain.hook, chain.kind, chain.priority, chain.policy]
    return [
        f"{text} {hashlib.sha256(msgspec.json.encode([shape, index, rule])).hexdigest()[:12]}"
        for index, rule in enumerate(chain.rules)
    ]


def _in_table(objects: Sequence[dict[str, Any]], table: str, what: str) -> Iterator[dict[str, Any]]:
    for entry in objects:
        found = entry.get(what)
        if not found or found["family"] != FAMILY:
            continue
        if (found["name"] if what == "table" else found["table"]) == table:
            yield found


def observe(host: str, key: str, chain: Chain, mark: Mark) -> Sighting:
    """Look for the table of a resource and compare it."""
    table = table_name(key)
    try:
        with namespaces.of_host(host) as descriptor:
            if table not in tables(descriptor):
                return ABSENT
            objects = ruleset(descriptor)
    except FileNotFoundError:
        return ABSENT
    if not any(_in_table(objects, table, "table")):
        return ABSENT
    text = mark.text(key)
    rules = [str(rule.get("comment", "")) for rule in _in_table(objects, table, "rule")]
    chains = list(_in_table(objects, table, "chain"))
    drift = ""
    if len(chains) != 1:
        drift = f"the table {table} has {len(chains)} chains, wanted 1"
    elif chains[0].get("policy") != chain.policy or chains[0].get("hook") != chain.hook:
        drift = "its chain is another one"
    elif rules != _comments(chain, text):
        drift = f"the rules of the table {table} were changed"
    _whereabouts.saw(text, host, table)
    # A table that was emptied has lost its marks, but its name is of our making.
    ours = not rules or any(rule.partition(" ")[0] == text for rule in rules)
    return Sighting(present=True, ours=ours, drift=drift, facts={"table": table})


def create(host: str, key: str, chain: Chain, mark: Mark) -> None:
    """Make the table of a resource in one transaction, in place of one of ours.

    Raises ProviderError.
    """
    seen = observe(host, key, chain, mark)
    table = table_name(key)
    if seen.present and not seen.ours:
        raise marks.foreign(
            key,
            f"a table called {table!r} in {marks.where(host)}",
            f"{marks.look(host) or 'sudo '}nft list table {FAMILY} {table}",
        )
    named = {"family": FAMILY, "name": table}
    placed = {"family": FAMILY, "table": table}
    commands: list[dict[str, Any]] = [
        {"add": {"table": named}},
        {"delete": {"table": named}},
        {"add": {"table": named}},
        {
            "add": {
                "chain": {
                    **placed,
                    "name": chain.hook,
                    "type": chain.kind,
                    "hook": chain.hook,
                    "prio": chain.priority,
                    "policy": chain.policy,
                }
            }
        },
    ]
    for rule, comment in zip(chain.rules, _comments(chain, mark.text(key)), strict=True):
        body = {**placed, "chain": chain.hook, "expr": list(rule), "comment": comment}
        commands.append({"add": {"rule": body}})
    with namespaces.of_host(host) as descriptor:
        run(descriptor, "-f", "-", text=msgspec.json.encode({"nftables": commands}), key=key)
    _whereabouts.saw(mark.text(key), host, table)


def destroy(key: str, mark: Mark) -> None:
    """Remove the table of a resource wherever it is, if it bears the mark."""
    table = table_name(key)
    text = mark.text(key)
    likely = _whereabouts.likely(text)
    for host in [*([likely[0]] if likely else []), *marks.places()]:
        with suppress(FileNotFoundError), namespaces.of_host(host) as descriptor:
            if table not in tables(descriptor):
                continue
            objects = ruleset(descriptor)
            rules = [str(rule.get("comment", "")) for rule in _in_table(objects, table, "rule")]
            if not rules or any(rule.partition(" ")[0] == text for rule in rules):
                named = {"table": {"family": FAMILY, "name": table}}
                request = msgspec.json.encode({"nftables": [{"delete": named}]})
                run(descriptor, "-f", "-", text=request, key=key)
                break
    _whereabouts.forget(text)


def owned(kind: str) -> Iterator[Owned]:
    """All tables of ours of a kind of resource, by the comments of their rules."""
    found: dict[Owned, None] = {}
    for host in marks.places():
        with suppress(FileNotFoundError), namespaces.of_host(host) as descriptor:
            if not any(table.startswith(table_name(kind)) for table in tables(descriptor)):
                continue
            for entry in ruleset(descriptor):
                comment = str(entry.get("rule", {}).get("comment", ""))
                mine = Owned.parse(comment.partition(" ")[0])
                if mine and mine.key.startswith(f"{kind}/"):
                    found[mine] = None
    yield from found


def of_nat(wanted: Nat) -> Chain:
    """The chain that a Nat wants."""
    rule: list[Expression] = []
    if wanted.in_interface:
        rule.append(interface("iifname", wanted.in_interface))
    if wanted.out_interface:
        rule.append(interface("oifname", wanted.out_interface))
    if wanted.source:
        rule.append(network("saddr", wanted.source))
    rule += protocol_port(wanted.protocol, wanted.port)
    if wanted.action == "masquerade":
        rule.append({"masquerade": None})
        return Chain("postrouting", "nat", _PRIORITY["srcnat"], "accept", (tuple(rule),))
    to: dict[str, Any] = {
        "family": "ip6" if ":" in wanted.to_address else "ip",
        "addr": wanted.to_address,
    }
    if wanted.to_port:
        to["port"] = wanted.to_port
    rule.append({"dnat": to})
    return Chain("prerouting", "nat", _PRIORITY["dstnat"], "accept", (tuple(rule),))


def of_filter(wanted: Filter) -> Chain:
    """The chain that a Filter wants."""
    rules = []
    for rule in wanted.rules:
        parts: list[Expression] = []
        if rule.in_interface:
            parts.append(interface("iifname", rule.in_interface))
        if rule.out_interface:
            parts.append(interface("oifname", rule.out_interface))
        if rule.source:
            parts.append(network("saddr", rule.source))
        if rule.destination:
            parts.append(network("daddr", rule.destination))
        if rule.state:
            state = {"set": list(rule.state)} if len(rule.state) > 1 else rule.state[0]
            parts.append({"match": {"op": "in", "left": {"ct": {"key": "state"}}, "right": state}})
        parts += protocol_port(rule.protocol, rule.port)
        parts.append({rule.action: None})
        rules.append(tuple(parts))
    return Chain(wanted.hook, "filter", _PRIORITY["filter"], wanted.policy, tuple(rules))
