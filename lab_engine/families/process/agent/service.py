"""Services. The mark is the variable INFRALAB_MARK, which children inherit.

`xargs -0n1 < /proc/PID/environ` shows it. A service has a session of its own and is a child of the
init process, so it outlives the agent.
"""

from __future__ import annotations

import http.client
import os
import pwd
import shutil
import socket
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import ClassVar, Final

from lab_engine.common.resource import Stage
from lab_engine.common.sighting import ABSENT, Sighting
from lab_engine.errors import ProviderError
from lab_engine.families.files.agent import marks
from lab_engine.families.process.resources import FileReady, HttpReady, Readiness, Service
from lab_engine.families.provider import Mark, Owned, Provider, Say
from lab_engine.kernel import processes, syscalls
from lab_engine.kernel.processes import Process

MARK: Final = "INFRALAB_MARK"
SPEC: Final = "INFRALAB_SPEC"
SEARCH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# What a service is for a moment, until each of them has become the next.
STARTERS: Final = frozenset({"setsid", "nsenter", "setpriv"})
LOG_TAIL: Final = 2_000
POLITE_SECONDS: Final = 3.0
CONNECT_SECONDS: Final = 1.0


def members(text: str) -> list[Process]:
    """Every process of the service: those that bear the mark, and what these have started."""
    among = processes.every()
    marked = {pid for pid in among if processes.environment(pid).get(MARK) == text}
    return [among[pid] for pid in sorted(processes.descendants(marked, among))]


def main_process(text: str, among: Iterable[Process]) -> Process | None:
    """The one that was started first, once it is the service's own program."""
    alive = [
        process
        for process in among
        if not process.ended and processes.environment(process.pid).get(MARK) == text
    ]
    # What it has started bears the mark too, but began later.
    first = min(alive, key=lambda process: (process.start, process.pid), default=None)
    return None if first is None or first.name in STARTERS else first


class ServiceProvider(Provider[Service]):
    resource = Service
    family = "process"
    limits: ClassVar[dict[str, float]] = {"observe": 10, "create": 20, "destroy": 20, "ready": 30}

    def observe(self, wanted: Sequence[Service], mark: Mark) -> dict[str, Sighting]:
        return {service.name: self._sighting(service, mark) for service in wanted}

    def _sighting(self, wanted: Service, mark: Mark) -> Sighting:
        text = mark.text(wanted.key)
        alive = [process for process in members(text) if not process.ended]
        main = main_process(text, alive)
        if main is None:
            return ABSENT
        drift = ""
        if processes.environment(main.pid).get(SPEC) != wanted.fingerprint():
            drift = "runs with other settings than wanted"
        elif main.state == "T":
            drift = f"process {main.pid} is stopped"
        facts = {"pid": str(main.pid), "log": wanted.log_path}
        return Sighting(present=True, ours=True, drift=drift, facts=facts)

    def create(self, wanted: Service, mark: Mark, say: Say) -> None:
        text = mark.text(wanted.key)
        self.destroy(wanted.name, mark)
        try:
            account = pwd.getpwnam(wanted.user.partition(":")[0])
        except KeyError as error:
            raise ProviderError(f"there is no user {wanted.user!r} here") from error
        environment = {
            "PATH": SEARCH,
            "HOME": account.pw_dir,
            "USER": account.pw_name,
            "LANG": "C.UTF-8",
            **wanted.env,
            MARK: text,
            SPEC: wanted.fingerprint(),
        }
        program = shutil.which(wanted.argv[0], path=environment["PATH"])
        if program is None:
            raise ProviderError(
                f"there is no program {wanted.argv[0]!r} here",
                hint="Give its full path, or declare the file that holds it in `after`.",
            )
        if not Path(wanted.cwd).is_dir():
            raise ProviderError(f"there is no folder {wanted.cwd} to start in")
        user, group = marks.ids(wanted.user)
        # A session of its own, so that it outlives the agent. Then the host's network: to enter
        # that takes root (setns(2)), which setpriv gives up.
        argv = ["setsid", "--fork"]
        if wanted.host:
            argv += ["nsenter", f"--net=/run/netns/{wanted.host}"]
        argv += ["setpriv", f"--reuid={user}", f"--regid={group}", "--init-groups", "--"]
        argv += [program, *wanted.argv[1:]]
        log = self._open_log(wanted, text)
        try:
            subprocess.run(
                argv,
                cwd=wanted.cwd,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # setsid forks, and is through at once.
                timeout=10,
                check=True,
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise ProviderError(f"{wanted.argv[0]} cannot be started: {error}") from error
        finally:
            os.close(log)

    def _open_log(self, wanted: Service, text: str) -> int:
        path = Path(wanted.log_path)
        try:
            if wanted.log:
                marks.make_parents(wanted.log, text, "root")
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
            if not path.exists():
                # Marked before it has its name: a crash leaves no file that is nobody's.
                staged = marks.staged_path(str(path), text)
                staged.touch(0o644)
                marks.set_mark(str(staged), text, str(path))
                staged.rename(path)
            return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
        except OSError as error:
            raise ProviderError(f"the log {path} cannot be made: {error.strerror}") from error

    def destroy(self, name: str, mark: Mark) -> None:
        key = f"service/{name}"
        text = mark.text(key)
        left = processes.end(lambda: members(text), polite=POLITE_SECONDS, limit=10)
        if left:
            numbers = ", ".join(str(process.pid) for process in left)
            raise ProviderError(f"process {numbers} does not end", resource=key)
        try:
            marks.remove_marked(text)
        except OSError as error:
            raise ProviderError(f"its log stays: {error.strerror}", resource=key) from error

    def owned(self) -> Iterable[Owned]:
        among = processes.every()
        found = {
            Owned.parse(processes.environment(pid).get(MARK, ""))
            for pid, process in among.items()
            if not process.ended
        }
        return {one for one in found if one is not None} | marks.owned("service")

    def reached(self, wanted: Service, stage: Stage) -> bool:
        """Raises ProviderError when the program has ended: waiting longer would not help."""
        if stage == "created":
            return True
        found = self._running(wanted)
        if not found or stage == "running" or wanted.ready is None:
            return found
        if wanted.host:
            place = f"/run/netns/{wanted.host}"
            return syscalls.in_network(place, lambda: answers(wanted.ready))
        return answers(wanted.ready)

    def _running(self, wanted: Service) -> bool:
        spec = wanted.fingerprint()
        suffix = f":{wanted.key}"
        for pid, process in processes.every().items():
            if process.ended:
                continue
            environment = processes.environment(pid)
            if environment.get(SPEC) == spec and environment.get(MARK, "").endswith(suffix):
                return process.name not in STARTERS
        log = Path(wanted.log_path)
        words = log.read_bytes()[-LOG_TAIL:].decode(errors="replace") if log.exists() else ""
        raise ProviderError(
            f"{wanted.argv[0]} has ended; its last words: {words.strip() or '(none)'}",
            resource=wanted.key,
        )


def answers(ready: Readiness | None) -> bool:
    """Whether the service does its work, asked from where the calling thread is."""
    if ready is None:
        return True
    if isinstance(ready, FileReady):
        return Path(ready.path).exists()
    try:
        if isinstance(ready, HttpReady):
            connection = http.client.HTTPConnection(
                ready.address, ready.port, timeout=CONNECT_SECONDS
            )
            try:
                connection.request("GET", ready.path)
                return connection.getresponse().status == ready.status
            finally:
                connection.close()
        with socket.create_connection((ready.address, ready.port), timeout=CONNECT_SECONDS):
            return True
    except (OSError, http.client.HTTPException):
        return False
