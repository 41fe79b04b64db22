"""Statements about the engine itself: what outlived it, and what it told (client side)."""

from __future__ import annotations

from collections.abc import Sequence
from json import JSONDecodeError, JSONDecoder
from typing import Any, Final

from lab_engine.common.evidence import See, require
from lab_engine.common.happening import Happening
from lab_engine.families.docker.probes.container import (
    DockerContainerProbe,
    DockerContainerReading,
)
from lab_engine.families.docker.probes.daemon import DockerDaemonProbe, DockerDaemonReading
from lab_engine.families.docker.probes.engine import DockerEventsProbe
from lab_engine.families.docker.requirements.containers import exists, require_running
from lab_engine.families.files.requirements.files import require_file

_INFO: Final = "docker info -f '{{.LiveRestoreEnabled}}'"
_SETTINGS: Final = "/etc/docker/daemon.json"
_SAME_MOMENT: Final = 1e-5
"""Seconds. The engine counts nanoseconds, and the bench's notes of it are a little coarser."""
_NANO: Final = 1e9


async def require_live_restore(see: See) -> DockerDaemonReading:
    """The engine keeps its containers when it ends, and so will the next one. One round trip.

        await require_live_restore(see)

    By the engine's own word, and by the settings that it reads when it is started.

    Reasons: `no-engine`, `no-settings` (there is no such file), `empty`, `not-json`, `other-value`
    (it is no `true`), `not-written`, `not-read` (the engine has not looked at them since).
    """
    found = await see(DockerDaemonProbe())
    require(
        found.exists,
        "no-engine",
        expected="The Docker engine answers.",
        observed="It does not.",
        look="pgrep -a dockerd || true",
    )
    wanted, look = f"{_SETTINGS} says that live-restore is true.", f"cat {_SETTINGS}"
    require(
        found.fault != "no-settings",
        "no-settings",
        expected=wanted,
        observed="There is no such file.",
        look="ls -l /etc/docker",
    )
    require(
        found.fault != "empty",
        "empty",
        expected=wanted,
        observed="The file is empty.",
        look=f"ls -l {_SETTINGS}",
    )
    require(
        found.fault != "not-json",
        "not-json",
        expected=wanted,
        observed="It is no good JSON.",
        look=f"jq . {_SETTINGS} || true",
    )
    require(
        found.written or not found.value or found.value == "false",
        "other-value",
        expected=wanted,
        observed=f"It says {found.value}.",
        look=look,
    )
    require(
        found.written,
        "not-written",
        expected=wanted,
        observed="It says false." if found.value else "It has no such word.",
        look=look,
    )
    require(
        found.live_restore,
        "not-read",
        expected="The engine says that live restore is on.",
        observed="It says that it is off: it has not read the file since.",
        look=_INFO,
    )
    return found


async def require_outlived_engine(see: See, name: str) -> DockerContainerReading:
    """A container runs since before the dockerd that answers now. Two round trips.

        await require_outlived_engine(see, "beat")

    By the kernel's word of when each of the two processes began, so that a container that was
    started again, by a restart policy or by hand, did not outlive it. The dockerd is another one
    than at the step's start.

    Reasons: `no-engine`, `same-engine`, `absent`, `not-running`, `restarting`, `younger`.
    """
    before = await see.before(DockerDaemonProbe())
    daemon = await see(DockerDaemonProbe(name))
    require(
        daemon.exists,
        "no-engine",
        expected="The Docker engine answers.",
        observed="It does not.",
        look="pgrep -a dockerd || true",
    )
    require(
        (daemon.pid, daemon.started) != (before.pid, before.started),
        "same-engine",
        expected="Another dockerd answers than when this step began.",
        observed=f"It is still process {daemon.pid}.",
        look="pgrep -a dockerd",
    )
    found = await see(DockerContainerProbe(name))
    exists(found, name)
    require_running(found)
    require(
        0 < daemon.container_started < daemon.started,
        "younger",
        expected=f"{name} runs since before this dockerd was started.",
        observed="It was started afterwards.",
        look=f"ps -o pid,lstart,args -p {found.pid},{daemon.pid}",
    )
    return found


async def require_recorded_life(
    see: See, path: str, name: str, *, actions: Sequence[str], image: str = ""
) -> Sequence[Happening]:
    """A file holds what the engine told of a container, from `create` to `destroy`.

        await require_recorded_life(
            see, "/home/learner/work/life.json", "guest", actions=["start", "pause", "unpause"]
        )

    The events are JSON as the engine gives it, one behind the other, with others among them. Each
    is compared with what the engine told the bench: what was done, to which container, at which
    nanosecond. One container of that name since the step began will do; if none does, it is the
    newest that is spoken of. Two round trips.

    Reasons: `absent`, `not-removed`, `other-image`, `other-life` (these actions were not done, in
    this order), those of `require_file`, `too-long`, `not-json`, `empty`, `not-recorded`,
    `other-events` (what never happened), `late` (its beginning is missing), `early` (its end is),
    `gap`.

    Args:
        see: the check's way to ask.
        path: the file.
        name: the container, by the name that it had.
        actions: the engine's words for what was done between `create` and `destroy`, in order.
        image: what it is made of, as the engine tells it; empty for any.
    """
    before = await see.before(DockerEventsProbe(name))
    happened = (await see(DockerEventsProbe(name))).after(before.last)
    lives = _lives(happened, name)
    order = ("create", *actions, "destroy")
    right = [one for one in lives if _made_of(image, one) and _in_order(order, one)]
    if not right:
        _newest(lives, order, name, image)
    file = await require_file(see, path)
    require(
        file.whole,
        "too-long",
        expected=f"{path} holds the events of {name}.",
        observed=f"It has {file.size} bytes.",
        look=f"head -c 300 {path}",
    )
    said = _events(file.content, path)
    whole = [one for one in right if not _missing(one, said)]
    if not whole:
        # What was done last is what the learner thinks of.
        _newest(lives, order, name, image)
    heard = {id_ for id_, _, _ in said}
    # The newest of which anything is there.
    life = next(iter(whole or [one for one in right[::-1] if one[0].id in heard]), right[-1])
    mine = [one for one in said if one[0] == life[0].id]
    look = f"jq -c '[.Type, .Action, .Actor.Attributes.name]' {path} || true"
    require(
        file.content.strip(),
        "empty",
        expected=f"{path} holds events of {name}.",
        observed="It is empty.",
        look=f"ls -l {path}; jobs",
    )
    require(
        mine,
        "not-recorded",
        expected=f"{path} holds events of {name}.",
        observed=f"None of its {len(said)} events of containers is of "
        f"{'the newest' if len(lives) > 1 else 'that'} one.",
        look=look,
    )
    known = {one.action for one in life}
    odd = [
        action
        for id_, action, at in mine
        if action in known and not any(_same(one, (id_, action, at)) for one in life)
    ]
    require(
        not odd,
        "other-events",
        expected=f"{path} holds what the engine told of {name}, as it told it.",
        observed=f"It told of no {odd[0]} at that moment." if odd else "",
        look=look,
    )
    missing = [one.action for one in _missing(life, said)]
    all_of_it = [one.action for one in life]
    begun_late = bool(missing) and missing == all_of_it[: len(missing)]
    ended_early = bool(missing) and missing == all_of_it[len(all_of_it) - len(missing) :]
    wanted = f"{path} holds the whole life of {name}: {_words(life)}."
    there = f"It holds: {', '.join(action for _, action, _ in mine)}."
    require(not begun_late, "late", expected=wanted, observed=there, look=look)
    require(not ended_early, "early", expected=wanted, observed=there, look=look)
    require(not missing, "gap", expected=wanted, observed=there, look=look)
    return life


_Told = tuple[str, str, float]
"""The container's id, what was done, when."""


def _lives(happened: Sequence[Happening], name: str) -> list[list[Happening]]:
    """All events of each container that was made, oldest first."""
    ids = list(dict.fromkeys(one.id for one in happened if one.action == "create"))
    require(
        ids,
        "absent",
        expected=f"Since this step began, a container {name} was made.",
        observed="None was.",
        look=_look(name),
    )
    return [[one for one in happened if one.id == id_] for id_ in ids]


def _newest(
    lives: Sequence[Sequence[Happening]], order: Sequence[str], name: str, image: str
) -> None:
    """The newest container has been removed, and had this life."""
    life = lives[-1]
    which = f"the newest {name}" if len(lives) > 1 else name
    require(
        any(one.action == "destroy" for one in life),
        "not-removed",
        expected=f"The container {name} was removed again.",
        observed=f"{'The newest' if len(lives) > 1 else 'It'} is still there.",
        look="docker ps -a",
    )
    require(
        _made_of(image, life),
        "other-image",
        expected=f"{name} was made of the image {image}.",
        observed=f"{'The newest' if len(lives) > 1 else 'It'} was made of "
        f"{life[0].facts.get('image', 'another one')}.",
        look=_look(name),
    )
    rest = iter(one.action for one in life)
    lacking = next((action for action in order if action not in rest), "")
    require(
        not lacking,
        "other-life",
        expected=f"The life of {name} was: {', '.join(order)}.",
        observed=f"That of {which} was: {_words(life)}. There is no {lacking} at its place.",
        look=_look(name),
    )


def _look(name: str) -> str:
    return f"docker events --since 30m --until 0s --filter container={name}"


def _made_of(image: str, life: Sequence[Happening]) -> bool:
    """`busybox` is `busybox:latest`."""
    return not image or life[0].facts.get("image", "") in (image, f"{image}:latest")


def _in_order(order: Sequence[str], life: Sequence[Happening]) -> bool:
    rest = iter(one.action for one in life)
    return all(action in rest for action in order)


def _words(life: Sequence[Happening]) -> str:
    return ", ".join(one.action for one in life)


def _same(one: Happening, told: _Told) -> bool:
    return (one.id, one.action) == told[:2] and abs(one.at - told[2]) < _SAME_MOMENT


def _missing(life: Sequence[Happening], said: Sequence[_Told]) -> list[Happening]:
    return [one for one in life if not any(_same(one, told) for told in said)]


def _events(text: str, path: str) -> list[_Told]:
    """What of a text are events of containers. Half a line at its end is nobody's fault."""
    decoder = JSONDecoder()
    found: list[_Told] = []
    rest = text.removeprefix("\ufeff").strip()
    while rest:
        try:
            value, end = decoder.raw_decode(rest)
        except (JSONDecodeError, RecursionError):
            break
        found += _event(value)
        rest = rest[end:].lstrip()
    require(
        not rest or (rest.startswith("{") and "\n" not in rest),
        "not-json",
        expected=f"{path} holds JSON, one event after the other.",
        observed=f"It says {rest[:60]!r}.",
        look=f"head -c 300 {path}",
    )
    return found


def _event(value: Any) -> list[_Told]:
    match value:
        case {
            "Type": "container",
            "Action": str(action),
            "Actor": {"ID": str(id_)},
            "timeNano": int(at),
        }:
            return [(id_, action.partition(":")[0], at / _NANO)]
        case list():
            # What `jq -s` makes of them.
            return [told for one in value for told in _event(one)]
    return []
