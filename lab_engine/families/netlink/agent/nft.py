"""The packet filter of a network: what is there, over netlink; what rules say, in nft's words.

Looking for tables, reading marks and removing go over pyroute2's socket, without a process.
Expressions do not: pyroute2 has the kernel's instructions, and the way from a rule to these and
back is the compiler in nft (libnftables-json(5)), so making a table and describing a ruleset start
it, at 6 ms each. It stays a process of its own: libnftables ends on what it does not expect, and
the rules that it reads are the learner's.
"""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

import msgspec
from pyroute2.netlink.exceptions import NetlinkError
from pyroute2.netlink.nfnetlink.nftsocket import (
    NFT_MSG_GETCHAIN,
    NFT_MSG_GETRULE,
    NFT_MSG_GETTABLE,
    nft_chain_msg,
    nft_rule_msg,
    nft_table_msg,
)
from pyroute2.nftables.main import AsyncNFTables

from lab_engine.errors import ProviderError, ProvisionTimeout
from lab_engine.families.netlink.agent import namespaces
from lab_engine.families.netlink.agent.rtnl import Refused

FAMILY: Final = "inet"
"""That of our own tables: both versions of IP."""
SECONDS: Final = 10.0
_FAMILIES: Final = {1: "inet", 2: "ip", 3: "arp", 5: "netdev", 7: "bridge", 10: "ip6"}
"""By NFPROTO number (linux/netfilter.h)."""
_ANY: Final = 0
# By NF_INET_ number, and the verdicts by NF_ number (linux/netfilter.h).
_HOOKS: Final = ("prerouting", "input", "forward", "output", "postrouting")
_POLICIES: Final = ("drop", "accept")

T = TypeVar("T")


class Table(msgspec.Struct, frozen=True):
    """A table as far as it can be compared without its expressions.

    `chains` are the hook and the policy of each (empty for one that is only jumped to), `comments`
    those of its rules, in order.
    """

    chains: tuple[tuple[str, str], ...]
    comments: tuple[str, ...]


def tables(descriptor: int | None) -> list[str]:
    """All tables of a namespace as nft names them: `inet filter`. Raises OSError."""
    return _talk(descriptor, _ANY, _tables)


def table(descriptor: int | None, name: str) -> Table | None:
    """The table of that name among those of FAMILY; None when there is none. Raises OSError."""

    async def look(connection: AsyncNFTables) -> Table | None:
        if f"{FAMILY} {name}" not in await _tables(connection):
            return None
        chain = nft_chain_msg()
        rule = nft_rule_msg()
        rule["attrs"] = [("NFTA_RULE_TABLE", name)]
        chains = await _all(connection, chain, NFT_MSG_GETCHAIN)
        rules = await _all(connection, rule, NFT_MSG_GETRULE)
        return Table(
            tuple(_hook(one) for one in chains if one.get_attr("NFTA_CHAIN_TABLE") == name),
            tuple(
                one.get_attr("NFTA_RULE_USERDATA") or ""
                for one in rules
                if one.get_attr("NFTA_RULE_TABLE") == name
            ),
        )

    return _talk(descriptor, _number(FAMILY), look)


def remove(descriptor: int | None, table: str, key: str = "") -> None:
    """Remove a table, named as `tables` names it, with all in it. One that is gone is fine.

    Raises ProviderError when it stays, OSError.
    """
    family, _, name = table.partition(" ")

    async def go(connection: AsyncNFTables) -> bool:
        if table in await _tables(connection):
            # It does not wait for the kernel's answer, so a second look says what became of it.
            await connection.table("del", name=name)
        return table in await _tables(connection)

    if _talk(descriptor, _number(family), go):
        raise ProviderError(
            f"the kernel kept the table {table!r}",
            resource=key,
            hint=f"`sudo nft delete table {table}` says why.",
        )


def load(descriptor: int | None, commands: list[dict[str, Any]], key: str) -> None:
    """Have nft do some commands in one transaction. Raises ProviderError with what it said."""
    _run(descriptor, "-f", "-", text=msgspec.json.encode({"nftables": commands}), key=key)


def ruleset(descriptor: int | None) -> list[dict[str, Any]]:
    """Every table, chain and rule of a namespace, in nft's order. Raises ProviderError, OSError."""
    # Most namespaces have no table, and to learn that over netlink takes no process.
    if not tables(descriptor):
        return []
    document = msgspec.json.decode(_run(descriptor, "list", "ruleset") or b"{}")
    found: list[dict[str, Any]] = document.get("nftables", [])
    return found


def _talk(descriptor: int | None, family: int, say: Callable[[AsyncNFTables], Awaitable[T]]) -> T:
    async def timed() -> T:
        async with asyncio.timeout(SECONDS), AsyncNFTables(nfgen_family=family) as connection:
            return await say(connection)

    try:
        with namespaces.inside(descriptor):
            # A loop of its own for a moment: pyroute2 0.9 is asynchronous inside, and the socket
            # must be opened by the thread that stands in the namespace.
            return asyncio.run(timed())
    except NetlinkError as error:
        raise Refused(error.code, error.args[1]) from error


async def _all(connection: AsyncNFTables, message: Any, kind: int) -> list[Any]:
    return [one async for one in await connection.request_get(message, kind)]


async def _tables(connection: AsyncNFTables) -> list[str]:
    found = await _all(connection, nft_table_msg(), NFT_MSG_GETTABLE)
    return [
        f"{_FAMILIES.get(one['nfgen_family'], '?')} {one.get_attr('NFTA_TABLE_NAME')}"
        for one in found
    ]


def _number(family: str) -> int:
    return next((number for number, name in _FAMILIES.items() if name == family), _ANY)


def _hook(chain: Any) -> tuple[str, str]:
    hook = chain.get_attr("NFTA_CHAIN_HOOK")
    if hook is None:
        return "", ""
    return (
        _HOOKS[hook.get_attr("NFTA_HOOK_HOOKNUM")],
        _POLICIES[chain.get_attr("NFTA_CHAIN_POLICY") or 0],
    )


def _run(descriptor: int | None, *words: str, text: bytes = b"", key: str = "") -> bytes:
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
