"""What the engine tells while a container lives."""

from __future__ import annotations

from lab_engine.authoring import Image, See, require_recorded_life
from labs.docker_engine.values import CURL, WORK, Values, lab

step = lab.step("events", daemons=("docker",), resources=lambda _: [Image("busybox")])

LIFE = ("start", "pause", "unpause", "kill", "die")


@step.check("record", points=3, settle=1.0)
async def record(see: See, v: Values) -> None:
    await require_recorded_life(see, f"{WORK}/{v.record}", v.guest, actions=LIFE, image="busybox")


def listening(v: Values, query: str = "", option: str = "-N ") -> str:
    """In the background; a moment, until the engine has answered."""
    address = f"'http://docker/events{query}'"
    return f"{CURL} {option}{address} > {v.record} & sleep 0.5"


def born(v: Values, image: str = "busybox", seconds: int = 0) -> str:
    return f"docker run -d --name {v.guest} {image} sleep {seconds or v.guest_seconds}"


def lived(v: Values) -> str:
    return f"docker pause {v.guest}; docker unpause {v.guest}"


def gone(v: Values) -> str:
    return f"docker rm -f {v.guest}; sleep 0.2"


END = "kill %1"
GAP = (
    "Some of its events are not there. A filter for `event` lets only those through that it names: "
    "leave it out, and keep the one for `container`. Without any filter, it is that you began to "
    "listen after the beginning and ended before the end."
)
EMPTY = (
    "If curl listened: without `-N` it holds back what it hears until some thousand bytes have "
    "come together, and when it is killed, they are lost. If you asked afterwards: nothing that "
    "passed your filters lies between `since` and `until`. `until` has to be after the removal."
)

step.solution(
    "listening all the while",
    lambda v: [listening(v), born(v), lived(v), gone(v), END],
    survives={4: "what was heard is in the file, whether curl still listens or not"},
    explained={3: ["not-removed"]},
)
step.solution(
    "asked afterwards",
    lambda v: [
        born(v),
        lived(v),
        gone(v),
        f"{CURL} -G -d since=$(($(date +%s) - 60)) -d until=$(($(date +%s) + 1)) --data-urlencode "
        f"""'filters={{"container": ["{v.guest}"]}}' http://docker/events > {v.record}""",
    ],
    explained={2: ["not-removed"]},
)
step.solution(
    "with the command after all",
    lambda v: [
        f"docker events --format '{{{{json .}}}}' > {v.record} & sleep 0.5",
        born(v),
        lived(v),
        gone(v),
        END,
    ],
    survives={4: "what was heard is in the file, whether the client still listens or not"},
    explained={3: ["not-removed"]},
)
step.near_miss(
    "begun too late",
    lambda v: [born(v), listening(v), lived(v), gone(v), END],
    rejected_by="record",
    reason="late",
    explain="Its beginning is missing. If you listened, you began when the container was there "
    "already. If you asked afterwards, `since` was after its beginning, or a filter for `event` "
    "let only its end through.",
)
step.near_miss(
    "ended too early",
    lambda v: [listening(v), born(v), lived(v), END, gone(v)],
    rejected_by="record",
    reason="early",
    explain="The end of its life is missing. If you listened: curl has to do so until the "
    "container is removed, and with `-N`, so that it holds nothing back. If you asked afterwards: "
    "`until` was before its end, or a filter for `event` let only its beginning through.",
)
step.near_miss(
    "only some kinds of events",
    lambda v: [
        born(v),
        lived(v),
        gone(v),
        f"{CURL} -G -d since=$(($(date +%s) - 60)) -d until=$(($(date +%s) + 1)) --data-urlencode "
        f"""'filters={{"container": ["{v.guest}"], "event": ["create", "start", "destroy"]}}' """
        f"http://docker/events > {v.record}",
    ],
    rejected_by="record",
    reason="gap",
    explain=GAP,
)
step.near_miss(
    "only its death",
    lambda v: [
        born(v),
        lived(v),
        gone(v),
        f"{CURL} -G -d since=$(($(date +%s) - 60)) -d until=$(($(date +%s) + 1)) --data-urlencode "
        f"""'filters={{"container": ["{v.guest}"], "event": ["die"]}}' """
        f"http://docker/events > {v.record}",
    ],
    rejected_by="record",
    reason="gap",
    explain=GAP,
)
step.near_miss(
    "curl holds it back",
    lambda v: [listening(v, option=""), born(v), lived(v), gone(v), END],
    rejected_by="record",
    reason="empty",
    explain=EMPTY,
)
step.near_miss(
    "the time before it",
    lambda v: [
        born(v),
        lived(v),
        gone(v),
        f"{CURL} -G -d since=$(($(date +%s) - 7200)) -d until=$(($(date +%s) - 3600)) "
        f"http://docker/events > {v.record}",
    ],
    rejected_by="record",
    reason="empty",
    explain=EMPTY,
)
step.near_miss(
    "another image",
    lambda v: [
        f"docker create --name draft busybox true; docker commit draft {v.guest}-image; "
        "docker rm draft",
        listening(v),
        born(v, f"{v.guest}-image"),
        lived(v),
        gone(v),
        END,
    ],
    rejected_by="record",
    reason="other-image",
)
step.near_miss(
    "ended by itself",
    lambda v: [
        listening(v),
        born(v, seconds=1),
        lived(v),
        f"timeout 20 docker wait {v.guest}; docker rm {v.guest}; sleep 0.2",
        END,
    ],
    rejected_by="record",
    reason="other-life",
)
step.near_miss(
    "gone through once more, and left half done",
    lambda v: [
        born(v),
        lived(v),
        gone(v),
        listening(v),
        born(v),
        gone(v),
        END,
    ],
    rejected_by="record",
    reason="other-life",
)
step.near_miss(
    "as a person reads it",
    lambda v: [
        f"docker events > {v.record} & sleep 0.5",
        born(v),
        lived(v),
        gone(v),
        END,
    ],
    rejected_by="record",
    reason="not-json",
    explain="This is what `docker events` prints for people. The engine itself answers in JSON.",
)
step.near_miss(
    "never paused",
    lambda v: [listening(v), born(v), gone(v), END],
    rejected_by="record",
    reason="other-life",
)
step.near_miss(
    "stopped, and not removed",
    lambda v: [listening(v), born(v), lived(v), f"docker kill {v.guest}; sleep 0.2", END],
    rejected_by="record",
    reason="not-removed",
    explain="Its life ends with its removal, not with the end of its program: `docker rm -f`.",
)
step.near_miss(
    "all but containers",
    lambda v: [
        listening(v, "?filters=%7B%22type%22%3A%5B%22network%22%5D%7D"),
        born(v),
        lived(v),
        gone(v),
        END,
    ],
    rejected_by="record",
    reason="not-recorded",
)
