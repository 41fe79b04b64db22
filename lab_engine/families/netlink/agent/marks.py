"""Marks on what the kernel keeps, and where in the bench a marked thing is.

An interface of ours bears the mark as its alias, `infralab:<session>:link/web`; for a host it is
its loopback. An address or a route has no field for a text, so the mark with the details is an
alternative name of the interface: `infralab:<session>:address~web=10.0.0.2~24`.
"""

from __future__ import annotations

import errno
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, NamedTuple

from lab_engine.errors import ProviderError, ProvisionTimeout
from lab_engine.families.netlink.agent import namespaces
from lab_engine.families.netlink.agent.rtnl import LinkFacts, Rtnl, rtnl_of
from lab_engine.families.provider import Mark, Owned

# ALTIFNAMSIZ is 128 with the final 0 (linux/if.h).
ALTNAME_LIMIT: Final = 127


class Note(NamedTuple):
    """What an altname of ours says: whose, which resource, and its details."""

    owned: Owned
    detail: str
    altname: str


def altname(mark: Mark, key: str, detail: str) -> str:
    """The altname that says this. Raises ProviderError when it is longer than the kernel takes."""
    # The kernel takes a slash in an altname, but ip(8) does not (check_altifname in iproute2): a
    # person could not take it away.
    text = f"{mark.text(key)}={detail}".replace("/", "~")
    if len(text) > ALTNAME_LIMIT:
        raise ProviderError(
            f"its mark would have {len(text)} characters, the kernel takes {ALTNAME_LIMIT}",
            resource=key,
            hint="Give the resource a shorter name.",
        )
    return text


def notes(link: LinkFacts, kind: str) -> Iterator[Note]:
    """The notes of ours about resources of `kind` on an interface."""
    for name in link.altnames:
        marked, equals, detail = name.replace("~", "/").partition("=")
        owned = Owned.parse(marked) if equals else None
        if owned and owned.key.startswith(f"{kind}/"):
            yield Note(owned, detail, name)


def notes_of(link: LinkFacts, mark: Mark, key: str) -> list[Note]:
    """The notes about one resource on an interface: at most one, if nobody meddled."""
    wanted = Owned(key, mark.session)
    return [note for note in notes(link, key.partition("/")[0]) if note.owned == wanted]


def text_of(owned: Owned) -> str:
    return Mark(owned.session).text(owned.key)


def places() -> list[str]:
    """The bench itself and all its hosts, by name."""
    return ["", *namespaces.names()]


@contextmanager
def each(host: str) -> Iterator[Rtnl | None]:
    """A socket in a host; None when the host is not there (any more)."""
    try:
        # Entered by hand: only its opening may fail so. Of what the caller does with the socket, a
        # missing file is an error like any other.
        opened = rtnl_of(host)
        connection = opened.__enter__()
    except FileNotFoundError:
        yield None
        return
    try:
        yield connection
    finally:
        opened.__exit__(None, None, None)


class Whereabouts:
    """On which interface of which host each mark was last seen, so that not all need be asked.

    Only a hint: who uses it looks at the mark itself.
    """

    def __init__(self) -> None:
        self._seen: dict[str, tuple[str, str]] = {}
        self._lock = threading.Lock()

    def saw(self, mark: str, host: str, interface: str) -> None:
        with self._lock:
            self._seen[mark] = (host, interface)

    def forget(self, mark: str) -> None:
        with self._lock:
            self._seen.pop(mark, None)

    def likely(self, mark: str) -> tuple[str, str] | None:
        """The host and the interface, if known."""
        with self._lock:
            return self._seen.get(mark)


_HINTS: Final = {
    errno.EPERM: "The agent must run as root with CAP_NET_ADMIN in the bench: `infralab doctor`.",
    errno.EOPNOTSUPP: "This kernel lacks it: `infralab doctor` says which features it has.",
    errno.EEXIST: "Something of that name or address is there already: `ip -all netns exec ip a`.",
    errno.ENODEV: "An interface that it refers to is gone; start the step again.",
    errno.ENETUNREACH: "The next hop is on no network of that host: give it an address there.",
    errno.EXFULL: "A bridge takes 1,024 ports at most.",
}


@contextmanager
def asking(what: str, key: str = "") -> Iterator[None]:
    """Turn the kernel's refusals into errors for people. `what` completes "could not"."""
    try:
        yield
    except TimeoutError as error:
        raise ProvisionTimeout(
            f"the kernel did not answer in time when asked to {what}",
            resource=key,
            hint="Try again; `infralab doctor` says what is slow here.",
        ) from error
    except OSError as error:
        raise ProviderError(
            f"could not {what}: {error.strerror or error}",
            resource=key,
            hint=_HINTS.get(
                error.errno or 0, "Start the step again; if it stays, `infralab doctor`."
            ),
        ) from error


def where(host: str) -> str:
    return f"host {host!r}" if host else "the bench"


def look(host: str) -> str:
    """What a learner writes before a command to run it in that host."""
    return f"sudo ip netns exec {host} " if host else ""


def foreign(key: str, what: str, look: str) -> ProviderError:
    """The error for a name that is taken by something which is not ours."""
    return ProviderError(
        f"{what} is there already, and infralab did not make it",
        resource=key,
        hint=f"Look at it with `{look}`; remove it if you do not need it.",
    )
