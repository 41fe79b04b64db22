"""A session without a bench: real checks of a small lesson over a world in memory."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import msgspec

from lab_engine.common.probe import Probe
from lab_engine.course.lab import Solution
from lab_engine.course.lesson import Lesson
from lab_engine.course.seed import Seed
from lab_engine.course.verdict import Verdict
from lab_engine.errors import KernelLacks, PacksMissing, WouldTake
from lab_engine.families.cgroups.probes import CgroupsProbe, CgroupsReading
from lab_engine.families.cri.probes import CriProbe, CriReading
from lab_engine.families.docker.probes.container import (
    ContainerSummary,
    DockerContainerProbe,
    DockerContainerReading,
    DockerContainersProbe,
    DockerContainersReading,
    Endpoint,
)
from lab_engine.families.docker.probes.engine import (
    DockerNetworkProbe,
    DockerNetworkReading,
    DockerNetworksProbe,
    DockerNetworksReading,
    DockerVolumesProbe,
    DockerVolumesReading,
)
from lab_engine.families.git.probes import GitRepositoriesProbe, GitRepositoriesReading
from lab_engine.families.haproxy.probes import HaproxiesProbe, HaproxiesReading
from lab_engine.families.kubernetes.probes import (
    KubeObjectsProbe,
    KubeObjectsReading,
    KubePodsProbe,
    KubePodsReading,
)
from lab_engine.families.netlink.probes.network import (
    LinksProbe,
    LinksReading,
    NetworkNamespacesProbe,
    NetworkNamespacesReading,
)
from lab_engine.families.nodes.probes import NodesProbe, NodesReading
from lab_engine.families.oci.probes import OciLayoutsProbe, OciLayoutsReading
from lab_engine.families.ostree.probes import OstreesProbe, OstreesReading
from lab_engine.families.overlay.probes import OverlaysProbe, OverlaysReading
from lab_engine.families.runtimes.probes import (
    ContainerdProbe,
    ContainerdReading,
    RuntimeContainersProbe,
    RuntimeContainersReading,
)
from lab_engine.families.vagrant.probes import VagrantProjectsProbe, VagrantProjectsReading
from lab_engine.protocol import (
    ActionNotice,
    Answer,
    AnyNotice,
    DaemonNotice,
    Difference,
    EventNotice,
)
from lab_engine.session.check import Inquiry, read_start, run_checks
from lab_engine.session.record import Record, SessionRow
from lab_engine.settings import Settings

OnNotice = Callable[[AnyNotice], None]
AT_PROMPT = """
import json, sys, time
busy, code, endless = json.loads(sys.argv[1])
for line in sys.stdin:
    order = json.loads(line)
    answer = {"reached": True, "idle": False, "alive": True, "clean": True, "codes": []}
    if "find" in order:
        free = order["find"] not in busy
        answer = {"found": True, "free": free, "clean": free, "home": True, "runs": "vim"}
    elif "wait" in order:
        time.sleep(0.3)
        answer |= {"reached": not endless, "codes": [] if endless else [code]}
    print(json.dumps(answer), flush=True)
"""
"""Says of the shells in a bench what the world says of them."""


class World:
    """What is in the bench, and what shall happen."""

    def __init__(self) -> None:
        self.networks: dict[str, str] = {}
        """Driver by name."""
        self.containers: dict[str, str] = {}
        """Network by name."""
        self.gate = asyncio.Event()
        """Provisioning waits for it."""
        self.gate.set()
        self.fails: list[Exception] = []
        """Raised by the next things that are done."""
        self.bench: list[str | Exception] = []
        """How the bench is, each time that somebody asks; gone at last."""
        self.builds: list[str] = []
        """What the building of the image says, before it waits for the gate."""
        self.resume_fails: list[Exception] = []
        self.busy: tuple[str, ...] = ()
        """Shells in which a program runs."""
        self.code = 0
        """What commands end with."""
        self.endless = False
        """Whether they never end."""
        self.at_stake: WouldTake | None = None
        """What a change of step would take."""
        self.packs_missing: PacksMissing | None = None
        """What the lesson's packs would cost."""
        self.kernel_lacks: KernelLacks | None = None
        """What is said of a step that needs a feature of the kernel."""
        self.log: list[str] = []
        self.sessions: list[StandIn] = []

    def event(self, topic: str = "docker:network") -> None:
        """Tell the sessions that something happened."""
        for session in self.sessions:
            session.on_event(EventNotice(topic))

    def reading(self, probe: Probe[Any]) -> msgspec.Struct:
        match probe:
            case DockerNetworkProbe(network=name):
                driver = self.networks.get(name)
                return DockerNetworkReading(exists=driver is not None, driver=driver or "")
            case DockerNetworksProbe():
                found = [DockerNetworkReading(name=n, driver=d) for n, d in self.networks.items()]
                return DockerNetworksReading(tuple(found))
            case DockerContainersProbe():
                rows = [
                    ContainerSummary(n, n, "busybox", "running", {}, {}) for n in self.containers
                ]
                return DockerContainersReading(tuple(rows))
            case DockerContainerProbe(container=name):
                place = {self.containers[name]: Endpoint("172.18.0.2", 16)}
                return DockerContainerReading(name=name, state="running", networks=place)
            case DockerVolumesProbe():
                return DockerVolumesReading(())
            case NetworkNamespacesProbe():
                return NetworkNamespacesReading(1, {})
            case VagrantProjectsProbe():
                return VagrantProjectsReading()
            case LinksProbe():
                return LinksReading()
            case GitRepositoriesProbe():
                return GitRepositoriesReading()
            case HaproxiesProbe():
                return HaproxiesReading()
            case OciLayoutsProbe():
                return OciLayoutsReading()
            case NodesProbe():
                return NodesReading()
            case OstreesProbe():
                return OstreesReading()
            case OverlaysProbe():
                return OverlaysReading()
            case CgroupsProbe():
                return CgroupsReading()
            case RuntimeContainersProbe():
                return RuntimeContainersReading()
            case ContainerdProbe():
                return ContainerdReading(exists=False)
            case CriProbe():
                return CriReading()
            case KubePodsProbe():
                return KubePodsReading(exists=False)
            case KubeObjectsProbe():
                return KubeObjectsReading(exists=False)
        raise AssertionError(probe)


class StandInSolving:
    """What the desk needs of `lab_engine.session.solving.Solving`."""

    def __init__(self, at: StandIn) -> None:
        self.at = at
        self.giving = False

    def solution(self, name: str | None = None) -> Solution:
        solutions = self.at.lesson.lab.steps[self.at.step_name].solutions
        return next(one for one in solutions if name in (None, one.name))

    @asynccontextmanager
    async def by_solution(self, how: str = "type") -> AsyncIterator[None]:
        self.at.world.log.append("typing begins")
        self.giving = True
        try:
            yield
        finally:
            self.giving = False
            self.at.world.log.append("typing ends")

    async def settled(self) -> list[Verdict]:
        verdicts, _ = await self.at.verdicts()
        await self.at.keep(verdicts)
        return verdicts


class StandIn:
    """What the desk needs of `lab_engine.session.session.Session`."""

    world: World

    def __init__(self, lesson: Lesson, row: SessionRow, record: Record) -> None:
        self.lesson, self.record = lesson, record
        self.id, self.seed, self.mode = row.id, Seed(row.seed), row.mode
        self.variables = lesson.variables(self.seed)
        self.step_name = row.step
        self.news: tuple[str, ...] = ()
        self.put_away = ""
        self.start_verdicts: list[Verdict] = []
        self.on_event: OnNotice = lambda _: None
        self.bench = self
        self.solving = StandInSolving(self)
        self._start = record.start_readings(row.id, row.step) if row.step else None
        self.world.sessions.append(self)

    @classmethod
    async def begin(
        cls,
        lesson: Lesson,
        record: Record,
        settings: Settings,
        *,
        seed: str,
        step: str,
        build: bool,
        progress: Callable[[str], None],
    ) -> StandIn:
        if cls.world.packs_missing and not build:
            raise cls.world.packs_missing
        if cls.world.kernel_lacks and lesson.step(step).needs_kernel:
            raise cls.world.kernel_lacks
        name = f"s{len(cls.world.sessions) + 1}"
        record.begin(name, lesson.slug, seed)
        row = record.session(name)
        assert row is not None
        cls.world.log.append("begin")
        for words in cls.world.builds:
            await asyncio.to_thread(progress, words)
        if cls.world.builds:
            await cls.world.gate.wait()
        return cls(lesson, row, record)

    @classmethod
    async def resume(
        cls, lesson: Lesson, row: SessionRow, record: Record, settings: Settings, **how: Any
    ) -> StandIn:
        if cls.world.resume_fails and not (how.get("steal") or how.get("look_on")):
            raise cls.world.resume_fails.pop(0)
        cls.world.log.append("resume")
        return cls(lesson, row, record)

    async def bench_status(self) -> str:
        found = self.world.bench.pop(0) if self.world.bench else "gone"
        if isinstance(found, Exception):
            raise found
        return found

    async def _work(self, what: str, on_notice: OnNotice) -> None:
        self.world.log.append(what)
        on_notice(DaemonNotice("docker", "starting"))
        on_notice(DaemonNotice("docker", "ready"))
        on_notice(ActionNotice("image/busybox", "create", "started", "is not there"))
        try:
            await self.world.gate.wait()
        except asyncio.CancelledError:
            on_notice(ActionNotice("image/busybox", "destroy", "undone"))
            raise
        if self.world.fails:
            error = self.world.fails.pop(0)
            on_notice(ActionNotice("image/busybox", "create", "failed", str(error)))
            on_notice(ActionNotice("image/busybox", "destroy", "undone"))
            raise error
        on_notice(ActionNotice("image/busybox", "create", "done", seconds=0.1))

    async def enter(
        self, name: str, *, agreed: bool = False, on_notice: OnNotice = lambda _: None
    ) -> list[str]:
        await self._work(f"enter {name}", on_notice)
        self.step_name = name
        step = self.lesson.lab.steps[name]
        self._start, self.start_verdicts = await read_start(step, self.variables, self.ask)
        self.record.enter(self.id, name, self._start)
        return []

    async def at_stake(self, name: str) -> WouldTake | None:
        return self.world.at_stake

    async def reset(self, *, on_notice: OnNotice = lambda _: None) -> Difference:
        await self._work("reset", on_notice)
        self.world.networks.clear()
        return Difference()

    async def repair(
        self, *, on_notice: OnNotice = lambda _: None, progress: object = None
    ) -> None:
        await self._work("repair", on_notice)

    def exec_argv(self, argv: Sequence[str], **_: Any) -> list[str]:
        """A program in the bench: there is only the one that looks at a shell."""
        world = json.dumps([self.world.busy, self.world.code, self.world.endless])
        return [sys.executable, "-c", AT_PROMPT, world]

    async def ask(self, probes: Sequence[Probe[Any]]) -> list[Answer]:
        encode = msgspec.json.encode
        return [Answer(msgspec.Raw(encode(self.world.reading(probe)))) for probe in probes]

    async def verdicts(
        self, tasks: Sequence[str] | None = None
    ) -> tuple[list[Verdict], dict[str, Inquiry]]:
        if self.world.fails:
            raise self.world.fails.pop(0)
        step = self.lesson.lab.steps[self.step_name]
        return await run_checks(step, self.variables, self.ask, self._start, tasks=tasks)

    async def keep(self, verdicts: list[Verdict]) -> None:
        self.record.verdicts(self.id, self.step_name, verdicts, given=self.solving.giving)

    async def listen(self, topics: tuple[str, ...]) -> None:
        self.world.log.append(f"listen {' '.join(topics)}")

    async def reconnect(self) -> None:
        if self.world.fails:
            raise self.world.fails.pop(0)

    async def take_hint(self, task: str, number: int) -> None:
        self.record.hint(self.id, self.step_name, task, number)

    async def found(self, name: str) -> Sequence[str]:
        return [name]

    async def close(self) -> None:
        self.world.log.append("close")

    async def down(self) -> None:
        self.record.end(self.id)
        self.world.log.append("down")
