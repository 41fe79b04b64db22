"""What a learner made with runc, crun and containerd, and the way to take it away.

Keys are `runtime-container/RUNTIME/ID`, `containerd-container/NAMESPACE/ID`,
`containerd-image/NAMESPACE/REFERENCE` and `containerd-namespace/NAMESPACE`. What Docker keeps in
containerd is Docker's; the images there are none of its, with the storage that a bench has.
"""

from __future__ import annotations

from lab_engine.errors import ProviderError
from lab_engine.families.runtimes.agent import states
from lab_engine.families.runtimes.agent.containerd import DOCKERS, Containerd


def entries() -> dict[str, str]:
    """Everything there is, key to fingerprint. Of a containerd that does not run, nothing."""
    found = {
        f"runtime-container/{one.runtime}/{one.id}": f"{one.status} {one.bundle}"
        for one in states.every()
    }
    daemon = Containerd()
    if daemon.process() is None:
        return found
    names = daemon.namespaces()
    for name in names:
        if name != DOCKERS:
            found[f"containerd-namespace/{name}"] = ""
        for reference, digest in daemon.images(name).items():
            found[f"containerd-image/{name}/{reference}"] = digest
    for one in daemon.containers(names):
        key = f"containerd-container/{one.namespace}/{one.id}"
        found[key] = f"{one.image} {one.status}\n{one.pid}"
    return found


def remove(key: str) -> None:
    """Take one entry away by force. Absent is no error. Raises ProviderError when it stays."""
    kind, _, rest = key.partition("/")
    first, _, name = rest.partition("/")
    if kind == "runtime-container":
        states.remove(first, name)
        return
    daemon = Containerd()
    if daemon.process() is None:
        return
    if kind == "containerd-container":
        daemon.remove_container(first, name)
        left = any(one.id == name for one in daemon.containers([first]))
    elif kind == "containerd-image":
        daemon.remove_image(first, name)
        left = name in daemon.images(first)
    else:
        daemon.remove_namespace(first)
        left = first in daemon.namespaces()
    if left:
        raise ProviderError("containerd does not take it away", resource=key)
