"""The Docker engine: is it there, may this user use it, is it new enough, has it room."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any, Final

from lab_engine.doctor.machine import Finding, Machine, State, gib, install, me, sudo
from lab_engine.errors import InfralabError

# The oldest that benches have run on.
OLDEST: Final = (20, 10)
DISK_NEEDED: Final = 3 << 30
DISK_WANTED: Final = 8 << 30
MEMORY_NEEDED: Final = 3 << 29
MEMORY_WANTED: Final = 4 << 30
NOTHING_WORKS: Final = "Every lesson with an environment: a bench is a container of this engine."


@dataclass(frozen=True, slots=True)
class Engine:
    """What the engine says about itself; `version` is empty when it was not reached."""

    cli: bool
    endpoint: str
    error: str = ""
    version: str = ""
    podman: bool = False
    machine: bool = False
    """Whether it is that of the virtual machine for benches."""
    info: dict[str, Any] = field(default_factory=dict)

    @property
    def reached(self) -> bool:
        return bool(self.version)

    @property
    def remote(self) -> bool:
        """Whether the engine runs on another machine, whose kernel cannot be seen from here."""
        return self.machine or not self.endpoint.startswith(("unix://", "npipe://"))

    @property
    def denied(self) -> bool:
        # Only the words tell: the client ends with 1 whatever it was.
        return "permission denied" in self.error.lower()


def ask(machine: Machine) -> Engine:
    """Ask the engine that `docker` would use, in three calls at most."""
    # It goes before any context.
    endpoint = machine.env.get("DOCKER_HOST", "")
    virtual = bool(endpoint) and endpoint == machine.virtual_endpoint()
    if not machine.has("docker"):
        return Engine(
            cli=False, endpoint=endpoint or "unix:///var/run/docker.sock", machine=virtual
        )
    if not endpoint:
        shown = machine.run("docker", "context", "inspect", "-f", "{{.Endpoints.docker.Host}}")
        endpoint = shown.out.strip() if shown.code == 0 else ""
    endpoint = endpoint or "unix:///var/run/docker.sock"
    answer = machine.run("docker", "version", "--format", "{{json .Server}}")
    server = _json(answer.out)
    if answer.code != 0 or not server:
        said = (answer.err or answer.out).strip()
        return Engine(cli=True, endpoint=endpoint, error=said, machine=virtual)
    # Podman answers in Docker's words; only the names of its parts tell.
    parts = " ".join(str(part.get("Name", "")) for part in server.get("Components") or ())
    info = _json(machine.run("docker", "info", "--format", "{{json .}}").out)
    return Engine(
        cli=True,
        endpoint=endpoint,
        version=str(server.get("Version") or server.get("Platform", {}).get("Name") or "?"),
        podman="podman" in parts.lower(),
        machine=virtual,
        info=info,
    )


def _json(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def client(machine: Machine, engine: Engine) -> Finding:
    name = "Docker client"
    if engine.cli:
        return Finding(name, State.OK, "`docker` is installed")
    if engine.machine:
        return Finding(
            name, State.OK, "there is no `docker` command; the machine's own is used, by ssh"
        )
    return Finding(
        name,
        State.MISSING,
        "there is no `docker` command",
        NOTHING_WORKS,
        install(machine, "docker.io", "docker-cli")
        if _packaged_apart(machine)
        else install(machine, "docker.io"),
    )


def _packaged_apart(machine: Machine) -> bool:
    """Debian 13 has the client in a package of its own; Debian 12 and Ubuntu have not."""
    release = machine.read("/etc/os-release") or ""
    return bool(re.search(r'^VERSION_ID="?13', release, re.MULTILINE)) and "ID=debian" in release


def reach(machine: Machine, engine: Engine) -> Finding:
    """Whether the engine answers, and whether this user may ask it."""
    name = "Docker engine"
    if engine.reached:
        where = f"on another machine ({engine.endpoint})" if engine.remote else "on this machine"
        where = f"in the virtual machine ({engine.endpoint})" if engine.machine else where
        return Finding(name, State.OK, f"answers, {where}")
    if engine.machine:
        return Finding(
            name,
            State.MISSING,
            f"does not answer at {engine.endpoint}, which is the virtual machine's",
            NOTHING_WORKS,
            me(machine, "machine start"),
        )
    if not engine.cli:
        return Finding(
            name,
            State.MISSING,
            "not asked: there is no client",
            NOTHING_WORKS,
            client(machine, engine).mend,
        )
    if engine.denied:
        return Finding(
            name,
            State.MISSING,
            f"this user may not use {engine.endpoint}",
            NOTHING_WORKS,
            "sudo usermod -aG docker $USER  (then log out and in again; whoever is in that group\n"
            "can become root on this machine)\n"
            f"or, each time: sudo {me(machine, '')}",
        )
    if engine.remote:
        mend = f"Check that the machine behind {engine.endpoint} is up, or: unset DOCKER_HOST"
    elif machine.exists("/run/systemd/system"):
        mend = sudo(machine, "systemctl start docker")
    else:
        mend = sudo(machine, "sh -c 'dockerd >/var/log/dockerd.log 2>&1 &'")
    said = engine.error.splitlines()
    return Finding(
        name,
        State.MISSING,
        f"does not answer at {engine.endpoint}" + (f": {said[-1]}" if said else ""),
        NOTHING_WORKS,
        mend,
    )


def version(machine: Machine, engine: Engine) -> Finding:
    name = "Docker version"
    if not engine.reached:
        return Finding(name, State.UNKNOWN, "the engine was not reached")
    if engine.podman:
        return Finding(
            name,
            State.MISSING,
            "`docker` is Podman in disguise",
            NOTHING_WORKS,
            f"{install(machine, 'docker.io')}\n{_instead(machine)}",
        )
    numbers = tuple(int(n) for n in re.findall(r"\d+", engine.version)[:2])
    if numbers >= OLDEST:
        return Finding(name, State.OK, engine.version)
    return Finding(
        name,
        State.MISSING,
        f"{engine.version}, older than {OLDEST[0]}.{OLDEST[1]}",
        NOTHING_WORKS,
        "Upgrade Docker, or use Debian 12 or newer, or Ubuntu 24.04 or newer.",
    )


def _instead(machine: Machine) -> str:
    """What needs no engine of this computer's."""
    return f"or, in a virtual machine: {me(machine, 'machine create')}"


def mode(machine: Machine, engine: Engine) -> Finding:
    """Rootless engines cannot give a bench what it asks for."""
    name = "Docker mode"
    if not engine.reached:
        return Finding(name, State.UNKNOWN, "the engine was not reached")
    options = " ".join(str(o) for o in engine.info.get("SecurityOptions") or ())
    if "rootless" in options:
        return Finding(
            name,
            State.MISSING,
            "rootless: it has no right to devices and networks of its own",
            NOTHING_WORKS,
            f"docker context use default\n{_instead(machine)}",
        )
    kind = str(engine.info.get("OSType", "linux"))
    if kind != "linux":
        return Finding(
            name,
            State.MISSING,
            f"runs {kind} containers",
            NOTHING_WORKS,
            "Switch Docker to Linux containers.",
        )
    found = "rootful"
    if "name=userns" in options:
        found += ", with user namespaces"
    return Finding(name, State.OK, found)


def rights(machine: Machine, engine: Engine) -> Finding:
    """Whether a container with a bench's configuration gets what it asks for, from a trial."""
    name = "Bench rights"
    if not engine.reached or engine.podman:
        return Finding(name, State.UNKNOWN, "no engine was reached that can be tried")
    try:
        problems = machine.trial()
    except InfralabError as error:
        problems = [error.message]
    if problems is None:
        found = "not tried yet: the Python packages are not installed"
        return Finding(name, State.UNKNOWN, found, mend=me(machine, "setup"))
    if not problems:
        return Finding(name, State.OK, "a container got all that a bench asks for")
    return Finding(
        name,
        State.MISSING,
        "; ".join(problems),
        NOTHING_WORKS,
        _mended(machine, problems),
    )


def _mended(machine: Machine, problems: list[str]) -> str:
    if any("no space left" in problem.lower() for problem in problems):
        return f"docker system df  (shows what fills the engine's disk)\n{me(machine, 'gc')}"
    return (
        "Take that setting out of the engine's configuration (/etc/docker/daemon.json), then: "
        + sudo(machine, "systemctl restart docker")
    )


def disk(machine: Machine, engine: Engine) -> Finding:
    name = "Disk"
    where = str(engine.info.get("DockerRootDir") or "/var/lib/docker")
    if engine.remote:
        return Finding(name, State.UNKNOWN, f"{where} is on another machine")
    free = machine.free(where)
    if free is None:
        return Finding(name, State.UNKNOWN, f"{where} may not be looked at")
    found = f"{gib(free)} free where Docker stores its data ({where})"
    if free >= DISK_WANTED:
        return Finding(name, State.OK, found)
    mend = (
        f"docker system df  (shows what may be removed; `{me(machine, 'gc')}` removes what is ours)"
    )
    if free >= DISK_NEEDED:
        lost = f"Room: {gib(DISK_WANTED)} are wanted. Lessons with several VMs may fill the disk."
        return Finding(name, State.LIMITED, found, lost, mend)
    lost = f"The bench image and its disks do not fit: {gib(DISK_NEEDED)} are needed."
    return Finding(name, State.MISSING, found, lost, mend)


def memory(machine: Machine, engine: Engine) -> Finding:
    name = "Memory"
    total = int(engine.info.get("MemTotal") or 0)
    if not total and not engine.remote:
        match = re.search(
            r"^MemTotal:\s+(\d+) kB", machine.read("/proc/meminfo") or "", re.MULTILINE
        )
        total = int(match[1]) * 1024 if match else 0
    if not total:
        return Finding(name, State.UNKNOWN, "the engine did not say")
    found = f"{gib(total)} in all"
    if total >= MEMORY_WANTED:
        return Finding(name, State.OK, found)
    mend = "Give this machine more memory, or close other programs while you work."
    if total >= MEMORY_NEEDED:
        return Finding(
            name, State.LIMITED, found, "Lessons with several VMs may run out of memory.", mend
        )
    return Finding(name, State.MISSING, found, f"A bench needs {gib(MEMORY_NEEDED)}.", mend)
