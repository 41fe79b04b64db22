"""The bench's registry: a container of its engine, a name in the bench, trust on each node.

It is in the bench's own network, so that its name leads the bench to 127.0.0.1: Docker asks there
without TLS, unlike anywhere else (dockerd(8), `--insecure-registry`), and needs no other setting.
The nodes ask the bench's end of their bridge, which `hosts.toml` says (containerd's docs/hosts.md).
"""

from __future__ import annotations

import contextlib
import http.client
import io
import shutil
import tarfile
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, ClassVar, Final

import docker.errors

from lab_engine.common import digest
from lab_engine.common.patience import patient
from lab_engine.common.resource import Stage
from lab_engine.errors import ProviderError
from lab_engine.families.docker.agent import engine
from lab_engine.families.docker.agent.engine import (
    RESOURCE_LABEL,
    SPEC_LABEL,
    WORK_SECONDS,
    Api,
    asking,
)
from lab_engine.families.kubernetes.agent import cluster
from lab_engine.families.kubernetes.agent.pushed import FOLDER
from lab_engine.families.kubernetes.resources import Registry
from lab_engine.families.provider import ABSENT, Mark, Owned, Provider, Say, Sighting

HOST: Final = "registry.bench"
PORT: Final = 5000
KIND: Final = "registry"
HOSTS: Final = Path("/etc/hosts")
LINE: Final = f"127.0.0.1\t{HOST}"
FROM_NODES: Final = f"http://172.30.0.1:{PORT}"
TRUST: Final = f"etc/containerd/certs.d/{HOST}:{PORT}/hosts.toml"
TOML: Final = f"""\
server = "{FROM_NODES}"

[host."{FROM_NODES}"]
  capabilities = ["pull", "resolve"]
"""
ANSWER_SECONDS: Final = 2.0
START_SECONDS: Final = 15.0


class RegistryProvider(Provider[Registry]):
    resource = Registry
    family = "kubernetes"
    in_place = True
    limits: ClassVar[dict[str, float]] = {"observe": 20, "create": 60, "destroy": 60, "ready": 60}

    def observe(self, wanted: Sequence[Registry], mark: Mark) -> dict[str, Sighting]:
        return {one.name: _sighting(one, mark) for one in wanted}

    def create(self, wanted: Registry, mark: Mark, say: Say) -> None:
        with asking("make the registry", wanted.key, seconds=WORK_SECONDS) as api:
            if others := [one for one in containers() if cluster.key_of(one) != wanted.key]:
                raise ProviderError(
                    f"there is another registry, the container {cluster.name_of(others[0])}",
                    resource=wanted.key,
                    hint="A bench has room for one, whose name is registry.bench.",
                )
            found = _named(wanted.name)
            if found and not engine.is_ours(found["Labels"], wanted.key, mark):
                raise ProviderError(
                    f"a container called {wanted.name!r} is there already, and infralab did not "
                    "make it",
                    resource=wanted.key,
                    hint=f"If you do not need it any more: `docker rm -f {wanted.name}`.",
                )
            if found and found["Labels"].get(SPEC_LABEL) != digest.of(wanted):
                engine.remove_container(api, found["Id"])
                found = None
            if found is None:
                say("the registry starts")
                found = {"Id": _make(api, wanted, mark)}
            # Started already: the engine says so, and does nothing.
            api.start(found["Id"])
            for node in cluster.nodes():
                _give(api, node["Id"])
        name_it()

    def destroy(self, name: str, mark: Mark) -> None:
        there = containers()
        # Without any, there may be what a run left that was killed before its container.
        if not there or any(engine.is_ours(one["Labels"], f"{KIND}/{name}", mark) for one in there):
            remove(name)

    def owned(self) -> Iterable[Owned]:
        every = [engine.owned_by(one["Labels"], KIND) for one in containers()]
        return [one for one in every if one]

    def reached(self, wanted: Registry, stage: Stage) -> bool:
        return stage != "answers" or answers()


def containers() -> list[dict[str, Any]]:
    """Those that are a registry of ours, of any session. Raises DaemonDown.

    A bench that never had one is not asked: its engine may not even run.
    """
    if not FOLDER.is_dir():
        return []
    with asking("list the registries") as api:
        found = api.containers(all=True, filters={"label": RESOURCE_LABEL})
    return [one for one in found if cluster.key_of(one).startswith(f"{KIND}/")]


def remove(name: str) -> None:
    """The registry with all that it holds, whoever made it. Raises ProviderError, DaemonDown."""
    with asking("remove the registry", f"{KIND}/{name}", seconds=WORK_SECONDS) as api:
        for one in containers():
            with contextlib.suppress(docker.errors.NotFound):
                engine.remove_container(api, one["Id"])
        for node in cluster.nodes():
            _take(api, node)
    shutil.rmtree(FOLDER, ignore_errors=True)
    lines = HOSTS.read_text().splitlines()
    # In its place: the outer engine has it mounted by itself, so no other can be renamed to it.
    if LINE in lines:
        HOSTS.write_text("".join(f"{line}\n" for line in lines if line != LINE))


def start(name: str) -> bool:
    """Start its container if it is there and does not run; whether it answers in time."""
    with asking("start the registry", f"{KIND}/{name}", seconds=WORK_SECONDS) as api:
        for one in containers():
            api.start(one["Id"])
    name_it()
    end = time.monotonic() + patient(START_SECONDS)
    while not answers():
        if time.monotonic() > end:
            return False
        time.sleep(0.1)
    return True


def name_it() -> None:
    """Have its name lead to the bench itself. A stop of the bench takes the line away."""
    text = HOSTS.read_text()
    if not _named_in(text):
        HOSTS.write_text(f"{text.rstrip()}\n{LINE}\n")


def _named_in(hosts: str) -> bool:
    words = [line.partition("#")[0].split() for line in hosts.splitlines()]
    return any(HOST in names for _, *names in filter(None, words))


def answers() -> bool:
    """Whether it says that it speaks the registry's API (Docker Registry HTTP API V2)."""
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=patient(ANSWER_SECONDS))
    try:
        connection.request("GET", "/v2/")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _named(name: str) -> dict[str, Any] | None:
    with asking("list its containers") as api:
        every: list[dict[str, Any]] = api.containers(all=True)
    return next((one for one in every if f"/{name}" in one["Names"]), None)


def _make(api: Api, wanted: Registry, mark: Mark) -> str:
    FOLDER.mkdir(mode=0o700, exist_ok=True)
    config = {
        "Image": KIND,
        "Labels": engine.labels(wanted, mark),
        "StopTimeout": 2,
        "HostConfig": {
            "NetworkMode": "host",
            "Mounts": [{"Type": "bind", "Source": str(FOLDER), "Target": "/var/lib/registry"}],
        },
    }
    made: dict[str, str] = api.create_container_from_config(config, wanted.name)
    return made["Id"]


def _give(api: Api, node: str) -> None:
    """Write what has the node's containerd trust it, which reads the file at each pull."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        folder = tarfile.TarInfo(TRUST.rpartition("/")[0])
        folder.type, folder.mode = tarfile.DIRTYPE, 0o755
        tar.addfile(folder)
        file = tarfile.TarInfo(TRUST)
        file.size = len(TOML)
        tar.addfile(file, io.BytesIO(TOML.encode()))
    api.put_archive(node, "/", buffer.getvalue())


def _take(api: Api, node: dict[str, Any]) -> None:
    if node["State"] != "running":
        return
    made = api.exec_create(node["Id"], ["rm", "-rf", f"/{TRUST.rpartition('/')[0]}"])
    api.exec_start(made["Id"])


def _trusts(api: Api, node: str) -> bool:
    try:
        stream, _ = api.get_archive(node, f"/{TRUST}")
        with tarfile.open(fileobj=io.BytesIO(b"".join(stream))) as tar:
            member = tar.next()
            file = tar.extractfile(member) if member else None
            return file is not None and file.read().decode(errors="replace") == TOML
    except (docker.errors.NotFound, tarfile.TarError):
        return False


def _sighting(wanted: Registry, mark: Mark) -> Sighting:
    found = _named(wanted.name)
    if found is None:
        return ABSENT
    ours = engine.is_ours(found["Labels"], wanted.key, mark)
    return Sighting(
        present=True,
        ours=ours,
        drift=_drift(wanted, found) if ours else "",
        facts={"id": found["Id"], "state": found["State"]},
    )


def _drift(wanted: Registry, found: dict[str, Any]) -> str:
    if found["Labels"].get(SPEC_LABEL) != digest.of(wanted):
        return "was made from other wishes"
    if found["State"] != "running":
        return f"does not run ({found['State']})"
    if not _named_in(HOSTS.read_text()):
        return f"the bench does not know the name {HOST} any more"
    with asking("look whom the nodes trust", wanted.key) as api:
        left = [one for one in cluster.nodes() if not _trusts(api, one["Id"])]
    return f"the node {cluster.name_of(left[0])} does not pull from it" if left else ""
