"""What an author writes in `labs/<slug>/`: resources, checks, solutions and near misses.

A small lab with one step::

    lab = Lab("docker-networking", Variables)
    step = lab.step("my-bridge", daemons=("docker",), resources=lambda v: [Image("busybox")])

    @step.check("create", points=2)
    async def bridge_exists(see: See, v: Variables) -> None:
        network = await see(DockerNetworkProbe(v.bridge))
        require(network.exists, "absent", expected=..., observed=..., look=...)

    step.solution("plain", lambda v: [f"docker network create {v.bridge}"])
    step.near_miss("overlay", lambda v: [...], rejected_by="create", reason="driver", explain="...")
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import msgspec

from lab_engine.common.evidence import See
from lab_engine.common.resource import Resource
from lab_engine.course.seed import Seed
from lab_engine.errors import ContentError
from lab_engine.families import registry

V = TypeVar("V", bound="Variables")


class Variables(msgspec.Struct, frozen=True):
    """Names, subnets, ports and sizes that the text, the checks and the solutions share.

    A lesson subclasses this with one field a variable; the text writes `@{field}`.
    """

    @classmethod
    def draw(cls, seed: Seed) -> Any:
        """The variables for one learner. Every field comes from `seed` or is fixed."""
        return cls()

    def as_text(self) -> dict[str, str]:
        return {name: str(value) for name, value in msgspec.structs.asdict(self).items()}


CheckFunction = Callable[[See, Any], Awaitable[None]]
AnswerFunction = Callable[[See, Any], Awaitable[Sequence[str]]]
Script = Callable[[Any], Sequence[str]]


class ByHand(str):
    """A command of a script that stands for what a person types otherwise: `typed`.

    A script cannot log in on a console or see that a program has started, and a person would not
    write what it does instead. Lint asks of the text what is in `typed`.
    """

    __slots__ = ("typed",)
    typed: str

    def __new__(cls, command: str, *, typed: str) -> ByHand:
        made = super().__new__(cls, command)
        made.typed = typed
        return made


@dataclass(frozen=True)
class Check:
    """One task's check. `needs` names tasks whose checks must pass first.

    `settle` is how many seconds the proof waits for the state to come about after a script.
    """

    task: str
    points: int
    function: CheckFunction
    needs: tuple[str, ...] = ()
    settle: float = 0.0
    gone: bool = False


@dataclass(frozen=True)
class Solution:
    """Commands that must be accepted, each as the learner would type it in the bench.

    `survives` maps the index of a command that may be left out to the written reason why.
    `explained` maps the index of a command to the reasons of near misses whose explanations hold
    when it is left out.
    """

    name: str
    script: Script
    survives: dict[int, str] = field(default_factory=dict)
    explained: dict[int, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class NearMiss:
    """A complete, plausible attempt that exits 0 and must be rejected.

    By the check of task `rejected_by`, with evidence whose reason is `reason`. `explain` is shown
    to a learner whose state is the same; it is left out where the state says nothing about the
    cause. `also` are the reasons of other tasks' near misses whose
    explanations hold in this state, too.
    """

    name: str
    script: Script
    rejected_by: str
    reason: str
    explain: str
    also: tuple[str, ...] = ()


@dataclass
class LabStep:
    """One step's resources, checks and proofs. Make it with `Lab.step`."""

    name: str
    daemons: tuple[str, ...]
    resources: Callable[[Any], Sequence[Resource]]
    touches: Callable[[Any], Sequence[str]]
    continues: str | None
    checks: list[Check] = field(default_factory=list)
    solutions: list[Solution] = field(default_factory=list)
    near_misses: list[NearMiss] = field(default_factory=list)
    answers: dict[str, AnswerFunction] = field(default_factory=dict)

    def check(
        self,
        task: str,
        *,
        points: int = 1,
        needs: Sequence[str] = (),
        settle: float = 0.0,
        gone: bool = False,
    ) -> Callable[[CheckFunction], CheckFunction]:
        """Register the decorated function as the check of `task` (a task id in the step's text).

        Set `gone` when the task is that something is no longer there: such a check must ask
        `see.before`, and `infralab prove` refuses it otherwise.
        """

        def register(function: CheckFunction) -> CheckFunction:
            if any(c.task == task for c in self.checks):
                raise ContentError(f"task {task!r} has two checks", where=f"step {self.name}")
            self.checks.append(Check(task, points, function, tuple(needs), settle, gone))
            return function

        return register

    def solution(
        self,
        name: str,
        script: Script,
        *,
        survives: dict[int, str] | None = None,
        explained: Mapping[int, Sequence[str]] | None = None,
    ) -> None:
        confirmed = {line: tuple(reasons) for line, reasons in (explained or {}).items()}
        self.solutions.append(Solution(name, script, survives or {}, confirmed))

    def near_miss(
        self,
        name: str,
        script: Script,
        *,
        rejected_by: str,
        reason: str,
        explain: str = "",
        also: Sequence[str] = (),
    ) -> None:
        self.near_misses.append(NearMiss(name, script, rejected_by, reason, explain, tuple(also)))

    def answer(self, name: str) -> Callable[[AnswerFunction], AnswerFunction]:
        """Register the decorated function as what a question with `answer_from=<name>` asks.

        It reads the bench and returns every form that is accepted. It may call `require` for what
        must be there before the question makes sense.
        """

        def register(function: AnswerFunction) -> AnswerFunction:
            if name in self.answers:
                raise ContentError(f"answer {name!r} is given twice", where=f"step {self.name}")
            self.answers[name] = function
            return function

        return register


def _known(daemons: Sequence[str], where: str) -> tuple[str, ...]:
    for daemon in daemons:
        if daemon not in registry.daemons():
            raise ContentError(
                f"the bench has no daemon called {daemon!r}",
                where=where,
                hint=f"It has: {', '.join(registry.daemons())}.",
            )
    return tuple(daemons)


class Lab(Generic[V]):
    """The Python half of a lesson; the text half is the folder in `content/` with the same slug."""

    def __init__(self, slug: str, variables: type[V]) -> None:
        self.slug = slug
        self.variables = variables
        self.steps: dict[str, LabStep] = {}

    def step(
        self,
        name: str,
        *,
        daemons: Sequence[str] = (),
        resources: Callable[[V], Sequence[Resource]] = lambda _: (),
        touches: Callable[[V], Sequence[str]] = lambda _: (),
        continues: str | None = None,
    ) -> LabStep:
        """Declare a step.

        Args:
            name: the step's slug, that of its Markdown file.
            daemons: which daemons of the bench it needs.
            resources: what is made before the learner begins.
            touches: inventory entries that exist before and that a right answer may change, as
                glob patterns of `kind/name`; all other entries must stay as they were.
            continues: an earlier step whose solved state this step begins with.
        """
        if name in self.steps:
            raise ContentError(f"step {name!r} is declared twice", where=f"labs/{self.slug}")
        step = LabStep(name, _known(daemons, f"labs/{self.slug}"), resources, touches, continues)
        self.steps[name] = step
        return step
