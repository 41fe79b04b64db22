"""The messages between client and agent: JSON, one a line, typed at both ends.

The client sends requests; the agent answers each with one `Reply` or `Failure` of the same id, and
may send any number of `Notice`s before that. Notices with id 0 belong to no request. In one file,
long as it is: a message is changed together with what answers it, and `VERSION` with both.
"""

from __future__ import annotations

from typing import Any, Literal, TypeVar

import msgspec

from lab_engine.common.plan import Plan
from lab_engine.common.probe import RESYNC as RESYNC
from lab_engine.common.probe import Answer as Answer
from lab_engine.errors import (
    ContentError,
    DaemonDown,
    InfralabError,
    ProtocolError,
    ProviderError,
    ResourceError,
)
from lab_engine.families.registry import AnyProbe, AnyResource
from lab_engine.shown import shown

T = TypeVar("T")

# An agent lives as long as its bench, so a newer client may meet an older one.
VERSION = 6
MAX_LINE = 16 * 1024 * 1024
"""Longest message in bytes. A longer one ends the connection with a clear error."""


class Request(msgspec.Struct, frozen=True, tag_field="do", kw_only=True):
    # By keyword alone (kw_only): else no request could have a field without a default after it.
    id: int = 0


class Hello(Request, frozen=True, tag="hello"):
    """Always first. Without `look_on` it takes the lease; a second client may only look on."""

    version: int
    client: str
    look_on: bool = False
    steal: bool = False
    """Take the lease from a client that holds it: that client is told and cut off."""
    token: str = ""
    """The same for every connection of one session object: one that reconnects gets its own lease
    back, though the agent may not know yet that the old connection is gone."""


class StartDaemons(Request, frozen=True, tag="start-daemons"):
    daemons: tuple[str, ...]


class ShowPlan(Request, frozen=True, tag="plan"):
    resources: tuple[AnyResource, ...]


class Provision(Request, frozen=True, tag="provision"):
    resources: tuple[AnyResource, ...]


class Teardown(Request, frozen=True, tag="teardown"):
    """Destroy everything that the ledger says stands, in reverse order."""


class Mend(Request, frozen=True, tag="mend"):
    """After a fault: start `daemons`, and have again what the fault took and nothing else.

    Answered by a MendReport. What is there is never removed or replaced.
    """

    daemons: tuple[str, ...] = ()
    resources: tuple[AnyResource, ...] = ()


class Forget(Request, frozen=True, tag="forget"):
    """The baseline `name` does not hold any more, because what it describes is about to go."""

    name: str


class Ask(Request, frozen=True, tag="ask"):
    probes: tuple[AnyProbe, ...]


class TakeBaseline(Request, frozen=True, tag="baseline"):
    """Remember the bench as it is now under `name`: inventory and watched files."""

    name: str


class Compare(Request, frozen=True, tag="compare"):
    """What is different from the baseline `name`."""

    name: str


class Undo(Request, frozen=True, tag="undo"):
    """Bring the bench back to the baseline `name`, whose resources were `resources`.

    With `spare` the learner's own files in the home folder stay, but for those of the work folder.
    """

    name: str
    resources: tuple[AnyResource, ...] = ()
    spare: bool = False


class PutAway(Request, frozen=True, tag="put-away"):
    """Keep the learner's files of the step below `~/NAME`, before the step goes.

    Answered by the new paths, the folder first; by nothing when there was nothing to keep.
    """

    name: str


class PutBack(Request, frozen=True, tag="put-back"):
    """Bring back the system's files and settings as the baseline `name` has them.

    Nothing else is undone, and the learner's home is left alone: what somebody wrote may keep a
    daemon from starting, and without it nothing else can be undone.
    """

    name: str


class AtStake(Request, frozen=True, tag="at-stake"):
    """What a change of step would take that is the learner's, besides files: a Difference."""


class Owned(Request, frozen=True, tag="owned"):
    """Everything in the bench that bears a mark, and the ledger's view of it."""


class Sweep(Request, frozen=True, tag="sweep"):
    """Destroy what bears these marks, each a session and a key, whatever the ledger says."""

    marks: tuple[tuple[str, str], ...]


class Status(Request, frozen=True, tag="status"):
    pass


class Enter(Request, frozen=True, tag="enter"):
    """Begin a look into the bench: only a verifier is asked this, and the two that follow.

    With `still` the learner's stray programs stand still until `Leave`. `Ask` is answered between
    the two.
    """

    still: bool = False


class Vouch(Request, frozen=True, tag="vouch"):
    """Whether those who answer in the bench are the image's."""


class Leave(Request, frozen=True, tag="leave"):
    """End the look that `Enter` has begun. Nothing is sent before this is answered."""


class Listen(Request, frozen=True, tag="listen"):
    """Send a notice whenever something of these topics happens, until the connection ends."""

    topics: tuple[str, ...]


class Ping(Request, frozen=True, tag="ping"):
    """Answered with null, at once, whatever else goes on: an agent that does not is frozen."""


class Cancel(Request, frozen=True, tag="cancel"):
    """Stop the request `of`. What it began to make is undone; it then fails as cancelled."""

    of: int


AnyRequest = (
    Hello
    | StartDaemons
    | ShowPlan
    | Provision
    | Teardown
    | Mend
    | Forget
    | PutAway
    | PutBack
    | AtStake
    | Ask
    | TakeBaseline
    | Compare
    | Undo
    | Owned
    | Sweep
    | Status
    | Enter
    | Vouch
    | Leave
    | Listen
    | Ping
    | Cancel
)


class ActionNotice(msgspec.Struct, frozen=True, tag_field="notice", tag="action"):
    """How one action of a plan is going. `seconds` counts from its start."""

    key: str
    act: Literal["create", "replace", "destroy"]
    phase: Literal["started", "said", "done", "failed", "undone"]
    text: str = ""
    seconds: float = 0.0


class DaemonNotice(msgspec.Struct, frozen=True, tag_field="notice", tag="daemon"):
    daemon: str
    phase: Literal["starting", "ready", "down"]


class EventNotice(msgspec.Struct, frozen=True, tag_field="notice", tag="event"):
    """Something happened in the bench. `topic` is `resync` when events may have been lost."""

    topic: str
    subject: str = ""


class LeaseNotice(msgspec.Struct, frozen=True, tag_field="notice", tag="lease"):
    """The lease went to another client; this connection ends."""

    holder: str


AnyNotice = ActionNotice | DaemonNotice | EventNotice | LeaseNotice


class Reply(msgspec.Struct, frozen=True, tag_field="type", tag="reply"):
    id: int
    result: msgspec.Raw


class Failure(msgspec.Struct, frozen=True, tag_field="type", tag="failure"):
    """`error` is the class name in `lab_engine.errors`; unknown names become AgentError."""

    id: int
    error: str
    message: str
    hint: str = ""
    fields: dict[str, str] = {}


class Notice(msgspec.Struct, frozen=True, tag_field="type", tag="notice"):
    id: int
    notice: AnyNotice


AnyAnswer = Reply | Failure | Notice


class Recovery(msgspec.Struct, frozen=True):
    """How the agent stands to what a fault left behind.

    `working` while it undoes or finishes what a killed agent had begun; `stuck` when that did not
    go, for the reason in `problem`: the next request that changes the bench tries again. `due` when
    something is to be had again by `Mend`: the bench had `stopped`, or `half_made` was undone.
    """

    state: Literal["none", "working", "stuck", "due"] = "none"
    stopped: bool = False
    half_made: tuple[str, ...] = ()
    problem: str = ""


class Welcome(msgspec.Struct, frozen=True):
    """The answer to Hello. `baselines` are the names of those that the bench has."""

    version: int
    session: str
    lease: bool
    holder: str = ""
    recovery: Recovery = Recovery()
    baselines: tuple[str, ...] = ()


class Vouched(msgspec.Struct, frozen=True):
    """What a verifier found of the bench's own programs, in words.

    `faults` is what answers or stands in the place of the image's own, `agent` why what the bench's
    agent said cannot be relied on; empty when it can. `stilled` are the learner's programs that
    stand still while the verifier looks.
    """

    faults: tuple[str, ...] = ()
    agent: str = ""
    stilled: tuple[str, ...] = ()


class MendReport(msgspec.Struct, frozen=True):
    """What became of what a fault took.

    Args:
        stopped: whether the bench had been stopped.
        made: resources of the step that were made again.
        started: what was started again, such as `container/web`: it kept its files.
        lost: what cannot be had again, in words.
        left: what could not be made or started, with the reason; the next Mend tries again.
    """

    stopped: bool = False
    made: tuple[str, ...] = ()
    started: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    left: tuple[str, ...] = ()


class Difference(msgspec.Struct, frozen=True):
    """Keys of the inventory, such as `container/web`, against a baseline."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()

    @property
    def none(self) -> bool:
        return not (self.added or self.removed or self.changed)


class ProvisionReport(msgspec.Struct, frozen=True):
    plan: Plan
    seconds: float


class OwnedReport(msgspec.Struct, frozen=True):
    """`marked`: keys that bear a mark, by session. `standing`: what the ledger says is there."""

    marked: dict[str, tuple[str, ...]]
    standing: tuple[str, ...]


class StatusReport(msgspec.Struct, frozen=True):
    session: str
    daemons: dict[str, bool]
    standing: tuple[str, ...]
    pid: int
    recovery: Recovery = Recovery()


# Made once: msgspec looks through all of the types for each (Performance Tips, "Reuse
# Encoders/Decoders").
_encoder = msgspec.json.Encoder()
_requests: msgspec.json.Decoder[AnyRequest] = msgspec.json.Decoder(AnyRequest)
_answers: msgspec.json.Decoder[AnyAnswer] = msgspec.json.Decoder(AnyAnswer)


def encode(message: msgspec.Struct) -> bytes:
    """One message as a line. Raises ProtocolError when it is longer than `MAX_LINE`."""
    line = _encoder.encode(message) + b"\n"
    if len(line) > MAX_LINE:
        raise ProtocolError(
            f"a message of {len(line)} bytes is longer than the limit of {MAX_LINE}",
            hint="Ask for less at once.",
        )
    return line


def decode_request(line: bytes) -> AnyRequest:
    """Raises ProtocolError that names the place of the fault."""
    try:
        return _requests.decode(line)
    # A RecursionError: nested deeper than msgspec follows, which is as deep as Python goes.
    except (ValueError, RecursionError) as error:
        raise ProtocolError(
            f"a request could not be read: {error}",
            hint="Client and bench image may differ in version: run `infralab setup`.",
        ) from error


def decode_answer(line: bytes) -> AnyAnswer:
    """One line from the agent, which nobody trusts: its words come as they can be shown.

    Raises ProtocolError that names the place of the fault.
    """
    try:
        answer = _answers.decode(line)
    except (ValueError, RecursionError) as error:
        raise ProtocolError(
            f"the agent's answer could not be read: {error}",
            hint="Client and bench image may differ in version: run `infralab setup`.",
        ) from error
    # A reply is read by who asked, and the words of a failure are cleaned when it is raised.
    if isinstance(answer, Notice):
        return msgspec.structs.replace(answer, notice=_shown(answer.notice))
    return answer


def _shown(notice: AnyNotice) -> AnyNotice:
    return msgspec.structs.replace(
        notice,
        **{
            name: shown(value)
            for name in notice.__struct_fields__
            if isinstance(value := getattr(notice, name), str)
        },
    )


def decode_result(reply: Reply, result: type[T]) -> T:
    """What a request was answered with. Raises ProtocolError when it is something else."""
    try:
        return msgspec.json.decode(reply.result, type=result)
    except (ValueError, RecursionError) as error:
        raise ProtocolError(
            f"the agent's answer is no {result.__name__}: {error}",
            hint="Client and bench image may differ in version: run `infralab setup`.",
        ) from error


def raw(value: Any) -> msgspec.Raw:
    return msgspec.Raw(_encoder.encode(value))


def failure(request: int, error: Exception) -> Failure:
    """Any exception as a Failure; those that are not ours are a fault of infralab."""
    from lab_engine import errors

    if not isinstance(error, errors.InfralabError):
        return Failure(
            request,
            "AgentError",
            f"the agent hit a fault of its own: {type(error).__name__}: {error}",
            "Please report it, with /var/log/infralab/agent.log from the bench.",
        )
    fields = {name: str(getattr(error, name)) for name in _fields(type(error))}
    return Failure(request, type(error).__name__, error.message, error.hint, fields)


def raised(answer: Failure) -> InfralabError:
    """The error that a Failure stands for, of its own class, with that class's fields alone."""
    from lab_engine import errors

    kind = getattr(errors, answer.error, errors.AgentError)
    # The name is the agent's word: what else is in that module must not be called.
    if not (isinstance(kind, type) and issubclass(kind, errors.InfralabError)):
        kind = errors.AgentError
    error = kind.__new__(kind)
    # The message has its fields in it already, so the class's own `__init__` must not run.
    errors.InfralabError.__init__(error, answer.message, hint=answer.hint)
    for name in _fields(kind):
        setattr(error, name, shown(answer.fields.get(name, "")))
    return error


def _fields(kind: type[InfralabError]) -> tuple[str, ...]:
    """The fields that errors of a class have beside message and hint."""
    return tuple(
        name for owner, names in _FIELDS.items() if issubclass(kind, owner) for name in names
    )


_FIELDS: dict[type[InfralabError], tuple[str, ...]] = {
    ContentError: ("where",),
    ResourceError: ("resource", "field"),
    DaemonDown: ("daemon",),
    ProviderError: ("resource",),
}
