"""The cluster: made by the pack's own scripts, its nodes marked by their containers' labels."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, ClassVar, Final

from lab_engine.common import digest
from lab_engine.common.patience import patient
from lab_engine.common.resource import Stage
from lab_engine.errors import DaemonDown, ProviderError
from lab_engine.families.docker.agent import engine
from lab_engine.families.docker.agent.engine import (
    RESOURCE_LABEL,
    SESSION_LABEL,
    SPEC_LABEL,
    WORK_SECONDS,
    asking,
)
from lab_engine.families.kubernetes.agent import api
from lab_engine.families.kubernetes.resources import Cluster
from lab_engine.families.provider import ABSENT, Mark, Owned, Provider, Say, Sighting

SCRIPTS: Final = Path("/opt/kube/conf")
NODE_LABEL: Final = "infralab.node"
UP_SECONDS: Final = 240.0
DOWN_SECONDS: Final = 60.0
ROUTES_SECONDS: Final = 20.0
USERS: Final = ("learner", "root")
"""Whose kubectl talks to the cluster."""


def nodes() -> list[dict[str, Any]]:
    """The containers that are nodes, as the engine lists them, by name. Raises DaemonDown.

    A bench that never had a cluster is not asked: its engine may not even run.
    """
    if not api.FOLDER.is_dir():
        return []
    with asking("list the nodes of the cluster") as client:
        found: list[dict[str, Any]] = client.containers(all=True, filters={"label": NODE_LABEL})
    return sorted(found, key=name_of)


def name_of(container: dict[str, Any]) -> str:
    return str(container["Names"][0].lstrip("/"))


def key_of(container: dict[str, Any]) -> str:
    """The key of the cluster whose node it is; empty for one that somebody made by hand."""
    return str(container["Labels"].get(RESOURCE_LABEL, ""))


def start_nodes() -> list[str]:
    """Start those that do not run. Returns their names."""
    stopped = [one for one in nodes() if one["State"] != "running"]
    for one in stopped:
        with asking(f"start the node {name_of(one)}", seconds=WORK_SECONDS) as client:
            client.start(one["Id"])
    return [name_of(one) for one in stopped]


def ready_nodes() -> dict[str, bool]:
    """Each node that the API server knows, with whether it is Ready. Empty when it is silent."""
    try:
        listed = api.listed("v1/nodes")
    except (api.NoCluster, api.Refused, DaemonDown):
        return {}
    return {
        one["metadata"]["name"]: any(
            found["type"] == "Ready" and found["status"] == "True"
            for found in one.get("status", {}).get("conditions") or ()
        )
        for one in listed
    }


def run(script: str, *words: str, seconds: float, key: str, say: Say = lambda _: None) -> None:
    """Run one of the pack's scripts to its end. Raises ProviderError with what it said last."""
    path = SCRIPTS / script
    if not path.exists():
        raise ProviderError(
            "this bench has no Kubernetes",
            resource=key,
            hint='The lesson must name it: packs = ["kubernetes"] in its lesson.md.',
        )
    process = subprocess.Popen(
        [str(path), *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        # A group of its own, so that what it started ends with it.
        start_new_session=True,
    )
    timer = threading.Timer(patient(seconds), os.killpg, (process.pid, 9))
    timer.start()
    said: list[str] = []
    try:
        assert process.stdout is not None
        for line in process.stdout:
            said.append(line.strip())
            say(said[-1])
        code = process.wait()
    finally:
        timer.cancel()
    if code:
        last = "; ".join(said[-4:]) or "it said nothing"
        late = f" (it was given {seconds:g} s)" if code < 0 else ""
        raise ProviderError(
            f"{script} ended with {code}{late}: {last}",
            resource=key,
            hint="Try again; the pack wants 3 GiB of memory for a bench (`infralab doctor`).",
        )


class ClusterProvider(Provider[Cluster]):
    resource = Cluster
    family = "kubernetes"
    in_place = True
    limits: ClassVar[dict[str, float]] = {
        "observe": 20,
        "create": UP_SECONDS + 20,
        "destroy": DOWN_SECONDS + 20,
        "ready": 120,
    }

    def observe(self, wanted: Sequence[Cluster], mark: Mark) -> dict[str, Sighting]:
        there = nodes()
        return {one.name: _sighting(one, there, mark) for one in wanted}

    def create(self, wanted: Cluster, mark: Mark, say: Say) -> None:
        there = nodes()
        if others := [one for one in there if not _is_ours(one, wanted.key, mark)]:
            raise ProviderError(
                f"there is another cluster, with the node {name_of(others[0])}",
                resource=wanted.key,
                hint="A bench has room for one. `/opt/kube/conf/down.sh` removes it.",
            )
        taken = self._taken(wanted)
        if taken:
            raise ProviderError(
                f"a container called {taken!r} is there already, and infralab did not make it",
                resource=wanted.key,
                hint=f"If you do not need it any more: `docker rm -f {taken}`.",
            )
        if _only_stopped(wanted, there):
            # With the objects in it, and in a tenth of the time that a new one takes.
            for name in start_nodes():
                say(f"{name} started again")
            return
        # Also what a run left that was killed before its first node.
        run("down.sh", seconds=DOWN_SECONDS, key=wanted.key)
        labels = mark.labels(wanted.key) | {SPEC_LABEL: digest.of(wanted)}
        run(
            "up.sh",
            str(wanted.workers),
            str(wanted.memory),
            *(f"{name}={value}" for name, value in labels.items()),
            seconds=UP_SECONDS,
            key=wanted.key,
            say=say,
        )

    def _taken(self, wanted: Cluster) -> str:
        with asking("list its containers") as client:
            names = {
                name.lstrip("/") for one in client.containers(all=True) for name in one["Names"]
            }
        ours = {name_of(one) for one in nodes()}
        return next((name for name in wanted.nodes if name in names - ours), "")

    def destroy(self, name: str, mark: Mark) -> None:
        key = f"cluster/{name}"
        there = nodes()
        if _half_made(there) or (there and all(_is_ours(one, key, mark) for one in there)):
            remove(key)

    def owned(self) -> Iterable[Owned]:
        keys = {
            (labels.get(RESOURCE_LABEL, ""), labels.get(SESSION_LABEL, ""))
            for one in nodes()
            if (labels := one["Labels"])
        }
        return [Owned(key, session) for key, session in sorted(keys) if key.startswith("cluster/")]

    def reached(self, wanted: Cluster, stage: Stage) -> bool:
        ready = ready_nodes()
        if not all(ready.get(name) for name in wanted.nodes):
            return False
        # The routes to its pods went with the bridge if all nodes were stopped.
        run("routes.sh", seconds=ROUTES_SECONDS, key=wanted.key)
        # Also for a cluster that is kept: what somebody set in it ends with the step.
        for user in USERS:
            hand_out(user)
        return True


def _only_stopped(wanted: Cluster, there: list[dict[str, Any]]) -> bool:
    """Whether it is what is wanted but for nodes that do not run."""
    spec = digest.of(wanted)
    whole = {name_of(one) for one in there if one["Labels"].get(SPEC_LABEL) == spec}
    stopped = any(one["State"] != "running" for one in there)
    return stopped and whole == set(wanted.nodes) and api.CONFIG.is_file()


def _half_made(there: list[dict[str, Any]]) -> bool:
    """Whether there are disks and no nodes: a run was killed before or after them."""
    disks = api.FOLDER.iterdir() if api.FOLDER.is_dir() else ()
    return not there and any(one.name not in ("seed", "seed.new") for one in disks)


def remove(key: str) -> None:
    """The whole cluster, whoever made it. Raises ProviderError."""
    api.close()
    run("down.sh", seconds=DOWN_SECONDS, key=key)
    for user in USERS:
        shutil.rmtree(_home(user) / ".kube", ignore_errors=True)


def hand_out(user: str) -> None:
    """Write what `kubectl` reads, as kubeadm tells people to do. Raises ProviderError."""
    account = pwd.getpwnam(user)
    folder = _home(user) / ".kube"
    try:
        text = api.CONFIG.read_bytes()
        path = folder / "config"
        if path.is_file() and path.read_bytes() == text:
            return
        if folder.is_symlink():
            folder.unlink()
        folder.mkdir(mode=0o750, exist_ok=True)
        os.chown(folder, account.pw_uid, account.pw_gid)
        # Another file in its place: what is there may be a link of the learner's.
        fresh = folder / ".config.new"
        fresh.unlink(missing_ok=True)
        fresh.touch(mode=0o600)
        os.chown(fresh, account.pw_uid, account.pw_gid)
        fresh.write_bytes(text)
        fresh.rename(path)
    except OSError as error:
        raise ProviderError(f"the settings of kubectl could not be written: {error}") from error


def _home(user: str) -> Path:
    return Path(pwd.getpwnam(user).pw_dir)


def _is_ours(container: dict[str, Any], key: str, mark: Mark) -> bool:
    return engine.is_ours(container["Labels"], key, mark)


def _sighting(wanted: Cluster, there: list[dict[str, Any]], mark: Mark) -> Sighting:
    if not there:
        return ABSENT
    ours = all(_is_ours(one, wanted.key, mark) for one in there)
    states = {name_of(one): one["State"] for one in there}
    return Sighting(
        present=True,
        ours=ours,
        drift=_drift(wanted, there, states) if ours else "",
        facts={"nodes": " ".join(states)},
    )


def _drift(wanted: Cluster, there: list[dict[str, Any]], states: dict[str, str]) -> str:
    if any(one["Labels"].get(SPEC_LABEL) != digest.of(wanted) for one in there):
        return "was made from other wishes"
    for name in wanted.nodes:
        if name not in states:
            return f"its node {name} is gone"
        if states[name] != "running":
            return f"its node {name} does not run ({states[name]})"
    known = ready_nodes()
    # Nothing is known while the API server is silent.
    if known and (left := [name for name in wanted.nodes if name not in known]):
        return f"its node {left[0]} has left the cluster"
    return "" if api.there() else "its administrator's certificate is gone"
