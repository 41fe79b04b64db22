"""The bench's container: create, find, reach, stop and remove it.

Everything made here carries `infralab.session` and `infralab.kind`, so that `infralab gc` finds it.
"""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

from docker import errors as docker_errors

from lab_engine import __version__
from lab_engine import settings as settings_module
from lab_engine.bench import cache, engine, image, loops, owner, removal, walls
from lab_engine.common import patience
from lab_engine.errors import BenchError

PREFIX: Final = walls.PREFIX
WORKDIR: Final = "/home/learner/work"

Argv = list[str]


@dataclass(frozen=True, slots=True)
class Completed:
    """The end of a command in a bench: exit code and what it wrote."""

    exit_code: int
    stdout: bytes
    stderr: bytes


@dataclass(frozen=True, slots=True)
class BenchInfo:
    """One bench as the engine lists it. `status` is Docker's word: `running`, `exited`, ..."""

    session: str
    name: str
    container_id: str
    status: str
    image: str
    created: str


BLOCK_ATTEMPTS: Final = 10

DETACH_KEYS: Final = "ctrl-_,ctrl-^,ctrl-_,ctrl-^"
"""Nobody types them by chance."""


class Bench:
    """A bench that exists. Get one from `create` or `find`."""

    def __init__(self, session: str, container_id: str) -> None:
        self.session = session
        self.id = container_id
        self._client: Any = engine.connect()

    @property
    def name(self) -> str:
        """The container's name."""
        return PREFIX + self.session

    @classmethod
    def create(
        cls,
        session: str,
        *,
        memory: int = 4 << 30,
        cpus: float = 0.0,
        disk: int = 10 << 30,
        internet: bool = False,
        idle_seconds: int = 2 * 60 * 60,
        daemons: Sequence[str] = (),
        data_dir: Path | None = None,
        passing: bool = False,
        waiting: bool = False,
        tag: str | None = None,
        progress: image.Progress = lambda _: None,
    ) -> Bench:
        """Make and start a bench.

        Args:
            session: id of the session, of letters, digits, `_`, `.` and `-`.
            memory: limit in bytes for everything in the bench.
            cpus: how many CPUs it may use; 0 means all.
            disk: the most bytes that it may fill. One file cannot have more; all together are
                watched, and who writes above that is paused.
            internet: whether it has a way out.
            idle_seconds: after so long without a client it ends; 0 means never.
            daemons: `docker`, `libvirt`: started at once instead of on demand. Their start scripts
                wait for them as usual.
            data_dir: the folder of the session's record; the settings' one if left out.
            passing: whether it is for this process alone, as a replay's is: when the process has
                ended, `infralab gc` takes it.
            waiting: whether it is so until somebody takes it.
            tag: the image to use; without it the one of this version, built if need be.
            progress: told what happens when an image must be built first.

        Raises:
            BenchError: there is one of that name, or it cannot be made; nothing is left then.
            ImageError: the image cannot be built.
            DockerUnavailable: no engine answers.
        """
        tag = tag or image.ensure_image(progress)
        client = engine.connect()
        whose = {owner.OWNER: owner.name(data_dir or settings_module.load().data_dir)}
        if passing:
            whose[owner.PROCESS] = owner.process()
        if waiting:
            whose[owner.WAITING] = owner.process()
        volumes = {
            f"{PREFIX}{session}-state": "/var/lib/infralab",
            f"{PREFIX}{session}-docker": "/var/lib/docker",
        }
        asked = f"creating the bench {PREFIX}{session}"
        if _container(client, session) is not None:
            raise _there(asked, session)
        try:
            with engine.explain(asked):
                cache.ensure_volume(client)
                # The volumes come first: their label keeps the block of loop devices for this
                # session until there is a container that says the same.
                block = _volumes(client, session, tuple(volumes), whose)
                config = walls.host_config(
                    client, memory, cpus, volumes, walls.network(client, internet), block, disk
                )
                answer = _claim(
                    client.api.create_container,
                    tag,
                    hostname="bench",
                    labels=labels_for(session, "bench", **whose, **{loops.LABEL: block}),
                    environment={
                        "INFRALAB_SESSION": session,
                        "INFRALAB_LOOPS": block,
                        "INFRALAB_CREATED": str(time.time()),
                        "INFRALAB_DISK": str(disk),
                        "INFRALAB_IDLE_SECONDS": str(idle_seconds),
                        "INFRALAB_DAEMONS": " ".join(daemons),
                        patience.VARIABLE: str(patience.factor()),
                    },
                    host_config=config,
                    name=PREFIX + session,
                    stop_signal="SIGTERM",
                )
                client.api.start(answer["Id"])
        except _Taken as taken:
            # What is there is another's, and stays.
            raise _there(asked, session) from taken
        except BaseException:
            # Whatever it was, Ctrl-C too: nothing half-made stays.
            removal.session(client, session)
            raise
        bench = cls(session, answer["Id"])
        try:
            bench.wait_prepared()
        except BaseException:
            removal.session(client, session)
            raise
        return bench

    @classmethod
    def find(cls, session: str) -> Bench | None:
        """The bench of a session, running or not, or None."""
        found = _container(engine.connect(), session)
        return cls(session, str(found["Id"])) if found else None

    @classmethod
    def running(cls, session: str) -> Bench | None:
        """The bench of a session if it runs."""
        bench = cls.find(session)
        return bench if bench and bench.status() == "running" else None

    @staticmethod
    def list() -> list[BenchInfo]:
        """Every bench in the engine, oldest first."""
        client = engine.connect()
        with engine.explain("listing benches"):
            found = client.api.containers(all=True, filters={"label": "infralab.kind=bench"})
        benches = [
            BenchInfo(
                session=item["Labels"].get("infralab.session", ""),
                name=item["Names"][0].lstrip("/"),
                container_id=item["Id"],
                status=item["State"],
                image=item["Image"],
                created=item["Labels"].get("infralab.created", ""),
            )
            for item in found
        ]
        return sorted(benches, key=lambda bench: bench.created)

    def start(self) -> None:
        """Start a bench that was stopped or paused; a running one is left as it is."""
        with engine.explain(f"starting the bench {self.name}"):
            if self.status() == "paused":
                self._client.api.unpause(self.id)
            self._client.api.start(self.id)
        self.wait_prepared()

    def stop(self) -> None:
        """End everything in the bench; its volumes stay. At most 5 seconds."""
        with engine.explain(f"stopping the bench {self.name}"):
            self._client.api.stop(self.id, timeout=5)

    def lets_in(self) -> bool:
        """Whether a command can still be run in it; where its /proc is covered, none can be."""
        # runc ends with 126 when it cannot begin the command.
        return self.run(["true"]).exit_code not in (125, 126, 127)

    def remove(self) -> None:
        """Remove the bench and its volumes. It is no error if parts of it are gone already."""
        with engine.explain(f"removing the bench {self.name}"):
            removal.session(self._client, self.session)

    def status(self) -> str:
        """Docker's word for its state (`running`, `exited`, ...), or `gone`."""
        found = _container(self._client, self.session)
        return str(found["State"]) if found else "gone"

    def inspect(self) -> dict[str, Any]:
        """What the engine knows of the container (`docker inspect`)."""
        with engine.explain(f"inspecting the bench {self.name}"):
            found: dict[str, Any] = self._client.api.inspect_container(self.id)
        return found

    def wait_prepared(self, timeout: float = 15.0) -> None:
        """Return when the entrypoint has prepared the machine (about 0.3 s after the start).

        Raises:
            BenchError: it did not within `timeout` seconds, or the container ended.
        """
        # The log is asked instead of an exec, which costs 30 times as much.
        timeout = patience.patient(timeout)
        end = time.monotonic() + timeout
        with engine.explain(f"waiting for the bench {self.name}"):
            while time.monotonic() < end:
                state = self.inspect()["State"]
                # One that was stopped has "prepared" of its earlier start in the log, too.
                # Nanoseconds are more than a datetime reads.
                started = datetime.fromisoformat(state["StartedAt"].rstrip("Z")[:26])
                since = started.replace(tzinfo=UTC).timestamp()
                log = self._client.api.logs(self.id, since=since, stderr=False)
                if b"prepared" in log:
                    return
                if not state["Running"]:
                    break
                time.sleep(0.02)
        raise BenchError(
            f"the bench {self.name} was not prepared within {timeout:.0f} s",
            hint=f"Look at `docker logs {self.name}`; then remove it and try again.",
        )

    def exec_argv(
        self,
        argv: Sequence[str],
        *,
        user: str = "learner",
        tty: bool = False,
        interactive: bool = False,
        workdir: str = WORKDIR,
        env: Mapping[str, str] | None = None,
    ) -> Argv:
        """The `docker exec` command line that runs `argv` in the bench.

        It inherits DOCKER_HOST and its kin from the environment it is started in, as the SDK does.

        Raises:
            BenchError: there is no docker command on this machine.
        """
        # By Docker's own command and not by the SDK: it puts the terminal into raw mode and passes
        # on each new size of it.
        program = shutil.which("docker")
        if program is None:
            raise BenchError(
                "there is no `docker` command on this machine",
                hint="Install it: `sudo apt-get install docker.io` (Debian 13: docker-cli).",
            )
        flags = ["--interactive"] * interactive
        if tty:
            # The client would keep Ctrl-P for itself, which belongs to bash and to a container.
            flags += ["--tty", "--detach-keys", DETACH_KEYS]
        home = "/root" if user == "root" else f"/home/{user}"
        merged = {"HOME": home, "USER": user, **(env or {})}
        for key, value in merged.items():
            flags += ["--env", f"{key}={value}"]
        return [program, "exec", *flags, "--user", user, "--workdir", workdir, self.id, *argv]

    def run(
        self,
        argv: Sequence[str],
        *,
        user: str = "root",
        timeout: float = 60.0,
        stdin: bytes = b"",
        workdir: str = "/",
        env: Mapping[str, str] | None = None,
    ) -> Completed:
        """Run a command in the bench and wait for its end.

        Raises:
            BenchError: the bench does not run, or `timeout` seconds passed. The command itself may
                live on in the bench then; wrap it in `timeout` where that matters.
        """
        timeout = patience.patient(timeout)
        command = self.exec_argv(argv, user=user, interactive=bool(stdin), workdir=workdir, env=env)
        try:
            done = subprocess.run(
                command, input=stdin, capture_output=True, timeout=timeout, check=False
            )
        except subprocess.TimeoutExpired:
            raise BenchError(
                f"`{' '.join(argv)}` in the bench {self.name} did not end within {timeout:.0f} s",
                hint="The bench is overloaded or hangs; `infralab down` and start again.",
            ) from None
        # The command itself may end with these, too: what Docker writes tells them apart.
        if done.returncode in (1, 125, 126) and _is_engine_error(done.stderr):
            raise BenchError(
                f"`{' '.join(argv)}` cannot run in the bench {self.name}: "
                f"{done.stderr.decode(errors='replace').strip()}",
                hint="The bench stopped or was removed; start the lesson again.",
            )
        return Completed(done.returncode, done.stdout, done.stderr)

    def logs(self, lines: int = 50) -> str:
        """The last lines of what the container itself wrote."""
        with engine.explain(f"reading the log of {self.name}"):
            data: bytes = self._client.api.logs(self.id, tail=lines)
        return data.decode(errors="replace")


def _volumes(client: Any, session: str, names: Sequence[str], whose: Mapping[str, str]) -> str:
    """Make the volumes of a session; gives the block of loop devices that they take for it."""
    for attempt in range(BLOCK_ATTEMPTS):
        block = loops.choose(client, retry=attempt > 0)
        labels = labels_for(session, "volume", **whose, **{loops.LABEL: block})
        for name in names:
            made = client.api.create_volume(name, labels=labels)
        # One that was there keeps its labels: another process begins the same session now.
        block = (made["Labels"] or {}).get(loops.LABEL, block)
        if loops.alone(client, session, block):
            return str(block)
        # Labels of a volume cannot be changed.
        for name in names:
            removal.volume(client, name)
    raise BenchError(
        f"creating the bench {PREFIX}{session}: too many benches begin at this moment",
        hint="Try again.",
    )


def labels_for(session: str, kind: str, **more: str) -> dict[str, str]:
    """The labels of something that belongs to a session.

    Whose process it is stands in each, if only as empty: a container bears the labels of its image
    as well, and an image those of the container that it was committed from.
    """
    return {
        owner.PROCESS: "",
        owner.WAITING: "",
        "infralab.session": session,
        "infralab.kind": kind,
        "infralab.created": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "infralab.version": __version__,
        **more,
    }


class _Taken(Exception):
    """Another process made the container of this name between the look and the making."""


def _claim(create: Callable[..., Any], *given: Any, **options: Any) -> Any:
    try:
        return create(*given, **options)
    except docker_errors.APIError as error:
        if error.status_code == HTTPStatus.CONFLICT:
            raise _Taken from error
        raise


def _there(asked: str, session: str) -> BenchError:
    return BenchError(
        f"{asked}: there is one already",
        hint=f"Use it, or remove it first: `docker rm -fv {PREFIX}{session}`.",
    )


def _is_engine_error(stderr: bytes) -> bool:
    return stderr.startswith((b"Error response from daemon", b"Cannot connect to", b"error during"))


def _container(client: Any, session: str) -> Any:
    with engine.explain(f"looking for the bench {PREFIX}{session}"):
        # By label: the engine's filter by name takes a part of a name, too (Docker API,
        # ContainerList).
        found = client.api.containers(
            all=True, filters={"label": [f"infralab.session={session}", "infralab.kind=bench"]}
        )
    return found[0] if found else None
