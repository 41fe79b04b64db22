"""Address translation and packet filters: one nft table a resource, marked on its rules.

Each rule's comment is the resource's mark and a digest of what the rule says. The kernel takes a
table as a whole or not at all, so there are no half-made ones.
"""

from __future__ import annotations

import hashlib
from abc import abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Any, ClassVar, Final, TypeVar

import msgspec

from lab_engine.common.sighting import ABSENT, Sighting
from lab_engine.families.netlink.agent import marks, namespaces, nft
from lab_engine.families.netlink.resources import Filter, Nat
from lab_engine.families.provider import Mark, Owned, Provider, Say

# The numbers of the names that nft(8) has for them.
_PRIORITY: Final = {"filter": 0, "dstnat": -100, "srcnat": 100}

Expression = dict[str, Any]
R = TypeVar("R", bound=Nat | Filter)

_whereabouts = marks.Whereabouts()


class Chain(msgspec.Struct, frozen=True):
    """The one base chain of a table of ours, with its rules."""

    hook: str
    kind: str
    priority: int
    policy: str
    rules: tuple[tuple[Expression, ...], ...]

    def comments(self, mark: str) -> tuple[str, ...]:
        """The comment of each rule: the mark, and a digest of what the rule says and where."""
        shape = [self.hook, self.kind, self.priority, self.policy]
        digests = (
            hashlib.sha256(msgspec.json.encode([shape, index, rule])).hexdigest()[:12]
            for index, rule in enumerate(self.rules)
        )
        return tuple(f"{mark} {digest}" for digest in digests)


class _TableProvider(Provider[R]):
    family = "netlink"
    what: ClassVar[str]
    """What the kernel is asked for, in words."""

    @abstractmethod
    def chain(self, wanted: R) -> Chain:
        """The chain that a resource wants."""

    def observe(self, wanted: Sequence[R], mark: Mark) -> dict[str, Sighting]:
        with marks.asking(f"look at the {self.what}"):
            return {one.name: self._observe(one, mark) for one in wanted}

    def _observe(self, wanted: R, mark: Mark) -> Sighting:
        name = table_name(wanted.key)
        try:
            with namespaces.of_host(wanted.host) as descriptor:
                there = nft.table(descriptor, name)
        except FileNotFoundError:
            return ABSENT
        if there is None:
            return ABSENT
        text = mark.text(wanted.key)
        chain = self.chain(wanted)
        drift = ""
        if len(there.chains) != 1:
            drift = f"the table {name} has {len(there.chains)} chains, wanted 1"
        elif there.chains[0] != (chain.hook, chain.policy):
            drift = "its chain is another one"
        elif there.comments != chain.comments(text):
            drift = f"the rules of the table {name} were changed"
        _whereabouts.saw(text, wanted.host, name)
        return Sighting(present=True, ours=_ours(there, text), drift=drift, facts={"table": name})

    def create(self, wanted: R, mark: Mark, say: Say) -> None:
        """Make the table in one transaction, in place of one of ours."""
        key, host = wanted.key, wanted.host
        with marks.asking(f"set up the {self.what}", key):
            name = table_name(key)
            seen = self._observe(wanted, mark)
            if seen.present and not seen.ours:
                raise marks.foreign(
                    key,
                    f"a table called {name!r} in {marks.where(host)}",
                    f"{marks.look(host) or 'sudo '}nft list table {nft.FAMILY} {name}",
                )
            with namespaces.of_host(host) as descriptor:
                nft.load(descriptor, _commands(name, self.chain(wanted), mark.text(key)), key)
            _whereabouts.saw(mark.text(key), host, name)

    def destroy(self, name: str, mark: Mark) -> None:
        key = f"{self.resource.kind()}/{name}"
        table, text = table_name(key), mark.text(key)
        with marks.asking(f"take the {self.what} away", key):
            seen = _whereabouts.likely(text)
            # Where it was seen last comes first: each further host costs a socket in it.
            for host in [*([seen[0]] if seen else []), *marks.places()]:
                with suppress(FileNotFoundError), namespaces.of_host(host) as descriptor:
                    there = nft.table(descriptor, table)
                    if there and _ours(there, text):
                        nft.remove(descriptor, f"{nft.FAMILY} {table}", key)
                        break
        _whereabouts.forget(text)

    def owned(self) -> Iterable[Owned]:
        with marks.asking(f"list the {self.what}"):
            for host in marks.places():
                with suppress(FileNotFoundError), namespaces.of_host(host) as descriptor:
                    yield from dict.fromkeys(self._owned(descriptor))

    def _owned(self, descriptor: int | None) -> Iterator[Owned]:
        ours = f"{nft.FAMILY} {table_name(self.resource.kind())}-"
        for table in nft.tables(descriptor):
            if not table.startswith(ours):
                continue
            there = nft.table(descriptor, table.partition(" ")[2])
            for comment in there.comments if there else ():
                mine = Owned.parse(comment.partition(" ")[0])
                if mine and mine.key.startswith(f"{self.resource.kind()}/"):
                    yield mine


class NatProvider(_TableProvider[Nat]):
    resource = Nat
    what = "address translation"

    def chain(self, wanted: Nat) -> Chain:
        rule: list[Expression] = []
        if wanted.in_interface:
            rule.append(_interface("iifname", wanted.in_interface))
        if wanted.out_interface:
            rule.append(_interface("oifname", wanted.out_interface))
        if wanted.source:
            rule.append(_network("saddr", wanted.source))
        rule += _protocol_port(wanted.protocol, wanted.port)
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


class FilterProvider(_TableProvider[Filter]):
    resource = Filter
    what = "packet filter"

    def chain(self, wanted: Filter) -> Chain:
        rules = []
        for rule in wanted.rules:
            parts: list[Expression] = []
            if rule.in_interface:
                parts.append(_interface("iifname", rule.in_interface))
            if rule.out_interface:
                parts.append(_interface("oifname", rule.out_interface))
            if rule.source:
                parts.append(_network("saddr", rule.source))
            if rule.destination:
                parts.append(_network("daddr", rule.destination))
            if rule.state:
                state = {"set": list(rule.state)} if len(rule.state) > 1 else rule.state[0]
                left = {"ct": {"key": "state"}}
                parts.append({"match": {"op": "in", "left": left, "right": state}})
            parts += _protocol_port(rule.protocol, rule.port)
            parts.append({rule.action: None})
            rules.append(tuple(parts))
        return Chain(wanted.hook, "filter", _PRIORITY["filter"], wanted.policy, tuple(rules))


def table_name(key: str) -> str:
    """The table of a resource: `infralab-nat-web` for `nat/web`."""
    return f"infralab-{key.replace('/', '-')}"


def _ours(table: nft.Table, mark: str) -> bool:
    # A table that was emptied has lost its marks, but its name is of our making.
    return not table.comments or any(
        comment.partition(" ")[0] == mark for comment in table.comments
    )


def _commands(table: str, chain: Chain, mark: str) -> list[dict[str, Any]]:
    """What makes the table anew (libnftables-json(5)); `add` first, so that `delete` finds one."""
    named = {"family": nft.FAMILY, "name": table}
    placed = {"family": nft.FAMILY, "table": table}
    base = {
        **placed,
        "name": chain.hook,
        "type": chain.kind,
        "hook": chain.hook,
        "prio": chain.priority,
        "policy": chain.policy,
    }
    rules = [
        {**placed, "chain": chain.hook, "expr": list(rule), "comment": comment}
        for rule, comment in zip(chain.rules, chain.comments(mark), strict=True)
    ]
    return [
        {"add": {"table": named}},
        {"delete": {"table": named}},
        {"add": {"table": named}},
        {"add": {"chain": base}},
        *({"add": {"rule": rule}} for rule in rules),
    ]


def _match(left: Expression, right: Any) -> Expression:
    return {"match": {"op": "==", "left": left, "right": right}}


def _interface(which: str, name: str) -> Expression:
    """`which` is iifname or oifname."""
    # By name, which is looked up for each packet. iif and oif hold the index of the moment when the
    # rule was loaded, and an interface that is made anew has another (nft(8)).
    return _match({"meta": {"key": which}}, name)


def _network(field: str, cidr: str) -> Expression:
    """`field` is saddr or daddr."""
    address, _, length = cidr.partition("/")
    protocol = "ip6" if ":" in address else "ip"
    right: Any = {"prefix": {"addr": address, "len": int(length)}} if length else address
    return _match({"payload": {"protocol": protocol, "field": field}}, right)


def _protocol_port(protocol: str, port: int) -> list[Expression]:
    if port:
        return [_match({"payload": {"protocol": protocol, "field": "dport"}}, port)]
    return [_match({"meta": {"key": "l4proto"}}, protocol)] if protocol else []
