"""From where in the bench something is asked: a short text that names one network.

`bench` is the bench itself, `host:<name>` a named network namespace (a Host of the step, or what
`ip netns add` made), `container:<name>` a running container, `pid:<number>` where a process is.
`guest:<name>` is a running VM: another kernel, which is asked through its guest agent, and not
every probe can be. `pod:<namespace>:<name>` is a pod of the bench's Kubernetes cluster.
"""

from __future__ import annotations

from typing import ClassVar, Literal, NamedTuple

Place = str

BENCH: Place = "bench"
KINDS = ("bench", "host", "container", "pid", "guest", "pod")


class Parsed(NamedTuple):
    kind: Literal["bench", "host", "container", "pid", "guest", "pod"]
    name: str


def host(name: str) -> Place:
    return f"host:{name}" if name else BENCH


def container(name: str) -> Place:
    return f"container:{name}"


def guest(name: str) -> Place:
    """Inside the VM of this name."""
    return f"guest:{name}"


def pod(name: str, namespace: str = "default") -> Place:
    """Inside the pod of this name, in the bench's cluster."""
    return f"pod:{namespace}:{name}"


def process(pid: int) -> Place:
    return f"pid:{pid}"


def parse(place: Place) -> Parsed:
    """Read a place. Raises ValueError that says what places look like."""
    kind, colon, name = place.partition(":")
    if kind not in KINDS or (kind == "bench") == bool(colon) or (colon and not name):
        raise ValueError(
            f"{place!r} is no place; write bench, host:NAME, container:NAME, guest:NAME, "
            "pod:NAMESPACE:NAME or pid:NUMBER"
        )
    if kind == "pid" and not name.isdecimal():
        raise ValueError(f"{place!r} is no place: {name!r} is no number")
    if kind == "pod" and not all(name.partition(":")):
        raise ValueError(f"{place!r} is no place: write pod:NAMESPACE:NAME")
    # A name becomes a part of a path, such as one below /run/netns.
    if "/" in name or name in (".", ".."):
        raise ValueError(f"{place!r} is no place: a name has no slash")
    return Parsed(kind, name)  # type: ignore[arg-type]


def words(place: Place) -> str:
    """The place in a sentence: `the bench`, `container web`."""
    kind, name = parse(place)
    called = {"bench": "the bench", "pid": f"process {name}", "guest": f"the VM {name}"}
    called["pod"] = f"the pod {name.rpartition(':')[2]}"
    return called.get(kind, f"{kind} {name}")


def prefix(place: Place) -> str:
    """What a learner writes before a command to run it there; empty for the bench.

    For a VM it is empty, too: there the learner is on its console (`evidence.look_at`).
    """
    kind, name = parse(place)
    space, _, inner = name.partition(":")
    return {
        "bench": "",
        "guest": "",
        "pod": f"kubectl exec -n {space} {inner} -- ",
        "host": f"sudo ip netns exec {name} ",
        "container": f"docker exec {name} ",
        "pid": f"sudo nsenter -t {name} -n ",
    }[kind]


class Placed:
    """A probe that has a `place`; raises ValueError for a text that is none.

    `in_guests` says whether it can be asked from inside a VM.
    """

    __slots__ = ()
    place: Place
    in_guests: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if parse(self.place).kind == "guest" and not self.in_guests:
            raise ValueError(
                f"{type(self).__name__} cannot be asked from {words(self.place)}; "
                "ask a GuestCommandProbe what you want to know there"
            )
