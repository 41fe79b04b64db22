"""Other families' questions, asked from inside a pod (agent side).

Nodes are containers of the bench's engine, so a pod's programs are processes of the bench's kernel:
what is asked of a process is asked of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final

import msgspec

from lab_engine.common import place
from lab_engine.common.probe import Probe
from lab_engine.families.kubernetes.agent import api
from lab_engine.families.kubernetes.agent.api import Object
from lab_engine.families.netlink.agent.readers import network, reach
from lab_engine.kernel import proc

_PAUSE: Final = "/pause"
"""The first process of a pod, which holds its network; it has no files of the pod's."""
_NO_PROCESS: Final = 1 << 30
"""No process has such a number (PID_MAX_LIMIT is 2^22), so nothing is found there."""


def pid_of(name: str) -> int:
    """A process of the pod `NAMESPACE:NAME`, by its control group; 0 when it has none."""
    namespace, _, pod = name.partition(":")
    try:
        found = api.get("v1/pods", namespace, pod)
    except (api.NoCluster, api.Refused):
        found = None
    if found is None:
        return 0
    held = 0
    for pid, holds in processes(found):
        if not holds:
            return pid
        held = held or pid
    return held


def processes(pod: Object) -> Iterator[tuple[int, bool]]:
    """Those in its control group, each with whether it only holds the pod's network."""
    # The kubelet writes a static pod's under the digest of its file.
    marks = pod["metadata"].get("annotations") or {}
    uid = marks.get("kubernetes.io/config.mirror") or pod["metadata"]["uid"]
    group = re.compile(rf"/pod{re.escape(uid)}(/|$)", re.MULTILINE)
    for pid in proc.pids():
        try:
            if not group.search(Path(f"/proc/{pid}/cgroup").read_text()):
                continue
            first = Path(f"/proc/{pid}/cmdline").read_bytes().partition(b"\0")[0].decode()
        except OSError:
            continue
        yield pid, first == _PAUSE


def _asked(reader: Callable[[Any], msgspec.Struct], probe: Any) -> msgspec.Struct:
    pid = pid_of(place.parse(probe.place).name) or _NO_PROCESS
    return reader(msgspec.structs.replace(probe, place=place.process(pid)))


READERS: dict[type[Probe[Any]], Callable[[Any], msgspec.Struct]] = {
    probe: partial(_asked, reader)
    for probe, reader in {**reach.READERS, **network.READERS}.items()
    if "place" in probe.__struct_fields__
}
