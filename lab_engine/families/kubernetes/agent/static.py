"""Static pods: files of a node that its kubelet reads, without asking the API server.

Keys are `kube-static/NODE/FILE`. What kubeadm wrote for the control plane is the cluster's own. A
fingerprint is the file's text as JSON, on one line, so that it can be brought back.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from lab_engine.common.patience import patient
from lab_engine.errors import DaemonDown
from lab_engine.families.kubernetes.agent import api, within
from lab_engine.families.kubernetes.agent.api import Object

KIND: Final = "kube-static"
SOURCE: Final = "kubernetes.io/config.source"
"""Its mirror in the API server says `file` there."""
_OWN: Final = frozenset(
    f"cp/{name}.yaml"
    for name in ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler")
)
_MOST_BYTES: Final = 1 << 16
_ENDS_SECONDS: Final = 3.0
"""Who hears SIGTERM has ended by then. A shell would take half a minute."""
_GONE_SECONDS: Final = 12.0


def _folder(node: str) -> Path:
    return api.FOLDER / node / "kubernetes/manifests"


def _files() -> Iterator[tuple[str, Path]]:
    for node in sorted(api.FOLDER.iterdir()) if api.FOLDER.is_dir() else ():
        folder = _folder(node.name)
        for path in sorted(folder.iterdir()) if folder.is_dir() else ():
            name = f"{node.name}/{path.name}"
            # The kubelet reads no other files either.
            if name not in _OWN and not path.name.startswith(".") and path.is_file():
                yield name, path


def entries() -> dict[str, str]:
    found = {}
    for name, path in _files():
        with path.open("rb") as file:
            text = file.read(_MOST_BYTES).decode(errors="replace")
        found[f"{KIND}/{name}"] = msgspec.json.encode(text).decode()
    return found


def remove(name: str) -> None:
    """Take the file `NODE/FILE` away, and see its pod go. Absent is no error."""
    node, _, file = name.partition("/")
    try:
        before = _mirrors(node)
        (_folder(node) / file).unlink(missing_ok=True)
        start = time.monotonic()
        # Which file a mirror is of, it does not tell; one goes with the file.
        while (now := _mirrors(node)) and len(now) >= len(before):
            if (waited := time.monotonic() - start) > patient(_GONE_SECONDS):
                break
            if waited > patient(_ENDS_SECONDS):
                for one in now:
                    _kill(one)
            time.sleep(0.2)
    except (api.NoCluster, DaemonDown):
        (_folder(node) / file).unlink(missing_ok=True)


def _mirrors(node: str) -> list[Object]:
    """Those on the node that are not the cluster's own, whichever file they are of.

    Those that are being deleted too: somebody may delete a mirror, and its containers run on.
    """
    return [
        one
        for one in api.listed("v1/pods", fields=f"spec.nodeName={node}", ending=True)
        if (one["metadata"].get("annotations") or {}).get(SOURCE) == "file"
        and one["metadata"]["namespace"] != "kube-system"
    ]


def _kill(mirror: Object) -> None:
    """The kubelet starts it again where the file is another one, which is still there."""
    for pid, holds in within.processes(mirror):
        if not holds:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def mend(name: str, before: str) -> bool:
    """Write the text back."""
    node, _, file = name.partition("/")
    _folder(node).joinpath(file).write_text(msgspec.json.decode(before, type=str))
    return True
