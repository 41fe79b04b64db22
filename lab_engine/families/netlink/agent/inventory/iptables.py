"""The rules that somebody wrote with the iptables commands in the bench's own namespace.

Keys are `iptables/<table> <arguments>` and `ip6tables/...`, in the words of iptables-save(8):
`iptables/filter -A INPUT -s 192.0.2.0/24 -j DROP`, `-N` for a chain, `-P` for a policy; a second
rule of the same words ends in `#2`. Docker, libvirt and Podman write to the same tables and rewrite
them at any time. What they write is known by its form and left out, and so is the policy of
FORWARD, which Docker sets.
"""

from __future__ import annotations

import re
import shlex
import subprocess
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

from lab_engine.errors import ProviderError, ProvisionTimeout
from lab_engine.families.netlink.agent import namespaces

PROGRAMS: Final = {"iptables": "ip", "ip6tables": "ip6"}
"""The commands, each with the family that nft gives to their tables."""
TABLES: Final = frozenset({"filter", "nat", "mangle", "raw", "security"})
SECONDS: Final = 10.0

# Of Docker, libvirt (networks, and the filters of its interfaces) and Podman's netavark.
_CHAIN: Final = r"(?:DOCKER|LIBVIRT_|NETAVARK|libvirt-|[FH][A-Z]-vnet)\S*"
_FORMS: Final = tuple(
    re.compile(form)
    for form in (
        rf"-A (?!DOCKER-USER ){_CHAIN} .*",
        rf"-A \S+ .*-[jg] (?!DOCKER-USER$){_CHAIN}",
        r"-A FORWARD -j DOCKER-USER",
        r"-A DOCKER-USER -j RETURN",
        r"-A FORWARD -o \S+ -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
        r"-A FORWARD -i (\S+) ! -o \1 -j ACCEPT",
        r"-A FORWARD -i (\S+) -o \1 -j (ACCEPT|DROP)",
        r"-A POSTROUTING -s \S+ ! -o \S+ -j MASQUERADE",
        r"-A POSTROUTING -s (\S+) -d \1 .*-j MASQUERADE",
        r"-A POSTROUTING -o \S+ -m addrtype --src-type LOCAL -j MASQUERADE",
        rf"-N {_CHAIN}",
        r"-P FORWARD \S+",
        r"-P \S+ ACCEPT",
    )
)
_CHAIN_LINE: Final = re.compile(r":(\S+) (\S+)")


def inventory(tables: Iterable[str], descriptor: int | None = None) -> dict[str, str]:
    """The rules, chains and policies, key to `there`.

    Args:
        tables: those of the packet filter, as `ip filter`: without one of these commands' no
            program is started.
        descriptor: of another network than the bench's.

    Raises ProviderError.
    """
    families = {
        family for family, _, name in (table.partition(" ") for table in tables) if name in TABLES
    }
    found: dict[str, str] = {}
    for program, family in PROGRAMS.items():
        if family in families:
            saved = _run(descriptor, f"{program}-save")
            found |= dict.fromkeys(_keys(program, saved), "there")
    return found


def remove(key: str, descriptor: int | None = None) -> None:
    """Take one rule, chain or policy away. Absent is not an error. Raises ProviderError.

    `descriptor` is of another network than the bench's.
    """
    program, _, rest = key.partition("/")
    table, _, arguments = rest.partition(" ")
    if key not in set(_keys(program, _run(descriptor, f"{program}-save"))):
        return
    words = shlex.split(re.sub(r" #\d+$", "", arguments))
    opposite = {
        "-A": ("-D", *words[1:]),
        "-N": ("-X", *words[1:]),
        "-P": ("-P", words[1], "ACCEPT"),
    }
    # Docker and libvirt hold the lock of the old tables at times (iptables(8)); the commands on
    # nftables need none, and take the option all the same.
    _run(descriptor, program, "-w", "5", "-t", table, *opposite[words[0]], key=key)


def _keys(program: str, saved: str) -> Iterator[str]:
    """The keys of what is nobody's but a person's, from the words of iptables-save."""
    table = ""
    copies: Counter[str] = Counter()
    for line in saved.splitlines():
        if line.startswith("*"):
            table = line[1:]
        chain = _CHAIN_LINE.match(line)
        if chain:
            line = f"-N {chain[1]}" if chain[2] == "-" else f"-P {chain[1]} {chain[2]}"
        if not line.startswith("-") or any(form.fullmatch(line) for form in _FORMS):
            continue
        key = f"{program}/{table} {line}"
        copies[key] += 1
        yield key if copies[key] == 1 else f"{key} #{copies[key]}"


def _run(descriptor: int | None, *words: str, key: str = "") -> str:
    try:
        with namespaces.inside(descriptor):
            done = subprocess.run(
                words, capture_output=True, timeout=SECONDS, check=False, text=True
            )
    except FileNotFoundError:
        return ""
    except subprocess.TimeoutExpired as error:
        raise ProvisionTimeout(
            f"{words[0]} took longer than {SECONDS:g} s", resource=key, hint="Try again."
        ) from error
    if done.returncode != 0:
        said = done.stderr.strip().splitlines()
        raise ProviderError(
            f"{words[0]} refused: {said[-1] if said else f'exit code {done.returncode}'}",
            resource=key,
            hint=f"`sudo {words[0].removesuffix('-save')}-save` shows what is there.",
        )
    return done.stdout
