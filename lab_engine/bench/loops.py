"""Loop devices that outlived their bench, found by the lists on the benches' state volumes.

A short-lived container looks and detaches, so that it works with a remote engine too.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from lab_engine.bench import engine, image, inventory
from lab_engine.errors import BenchError

STATE: Final = "-state"
PREFIX: Final = "infralab-"
ROOT: Final = "/state"
PROGRAM: Final = (
    "/opt/infralab/venv/bin/python",
    "-m",
    "lab_engine.kernel.loops",
    ROOT,
)
SECONDS: Final = 60
NODES: Final = "tar -C /dev -xf /usr/lib/infralab/loop-nodes.tar && exec "


@dataclass(frozen=True, slots=True)
class Orphan:
    """A loop device that a bench without a container left attached."""

    session: str
    device: str


class _Loop(msgspec.Struct):
    name: str


def orphans(client: Any, benches: Set[str]) -> list[Orphan]:
    """Loop devices of sessions that have a state volume but no bench any more.

    Raises BenchError when the engine does not do it.
    """
    with engine.explain("looking for state volumes"):
        found = client.api.volumes(filters={"label": "infralab.session"}).get("Volumes") or []
    sessions = [
        volume["Labels"]["infralab.session"]
        for volume in found
        if volume["Name"].endswith(STATE) and volume["Labels"]["infralab.session"] not in benches
    ]
    if not sessions:
        return []
    output = _run(client, sessions, ())
    listed = msgspec.json.decode(output, type=dict[str, list[_Loop]])
    return [Orphan(session, loop.name) for session, loops in listed.items() for loop in loops]


def detach(client: Any, session: str, device: str) -> None:
    """Detach one of `orphans`, if it still has the file that it had."""
    _run(client, [session], (session, device))


def _run(client: Any, sessions: list[str], words: tuple[str, ...]) -> bytes:
    """The program's output, from a container of the newest bench image that is there."""
    tags = [row.tag for row in inventory.images() if row.tag.startswith(f"{image.BENCH}:")]
    if not tags:
        return b"{}"
    config = client.api.create_host_config(
        network_mode="none",
        binds=[f"{PREFIX}{session}{STATE}:{ROOT}/{session}:ro" for session in sessions],
        cap_add=["SYS_ADMIN", "MKNOD"],
        security_opt=["seccomp=unconfined", "apparmor=unconfined", "label=disable"],
        device_cgroup_rules=["b 7:* rwm"],
    )
    with engine.explain("looking after loop devices"):
        made = client.api.create_container(
            tags[0],
            command=["-c", NODES + " ".join((*PROGRAM, *words))],
            entrypoint=["sh"],
            environment={"PYTHONPATH": "/opt/infralab/lib"},
            labels={"infralab.kind": "tool"},
            host_config=config,
        )
        try:
            client.api.start(made["Id"])
            code = client.api.wait(made["Id"], timeout=SECONDS)["StatusCode"]
            output: bytes = client.api.logs(made["Id"], stdout=True, stderr=False)
            complaint: bytes = client.api.logs(made["Id"], stdout=False, stderr=True)
        finally:
            client.api.remove_container(made["Id"], force=True, v=True)
    if code != 0 or not output.endswith(b"\n"):
        raise BenchError(
            f"loop devices could not be looked after: {complaint.decode(errors='replace').strip()}",
            hint="Run `infralab gc` again when the machine is quieter.",
        )
    return output
