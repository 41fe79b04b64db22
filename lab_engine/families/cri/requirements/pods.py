"""Statements about pods by the CRI that a lab can require (client side)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lab_engine.common.evidence import See, require
from lab_engine.families.cri.probes import CriPod, CriProbe
from lab_engine.families.runtimes.requirements.runs import runs

SHARED = ("net", "ipc")
"""What containers of a pod have in common, whatever its settings say."""


async def require_cri_pod(see: See, name: str, containers: Mapping[str, Sequence[str]]) -> CriPod:
    """One pod of this name is ready, and these containers run in it together. One round trip.

        await require_cri_pod(see, "shop", {"web": ["httpd", "-f"], "side": ["sleep", "300"]})

    By the runtime's own list, and by the namespaces of the processes: those of a pod have their
    network in common, and a file system each.

    Reasons: `no-pod`, `several-pods`, `not-ready`, `no-such-container`, `other-pod` (it is in
    another one), `not-running`, `other-program`, `not-shared`, `one-root`.

    Args:
        see: the check's way to ask.
        name: the pod's.
        containers: the name of each, and the command line of its first process.
    """
    found = await see(CriProbe())
    pods = found.named(name)
    listed = ", ".join(one.name for one in found.pods)
    require(
        pods,
        "no-pod",
        expected=f"There is a pod called {name}.",
        observed=f"There is {listed}." if listed else "There is none.",
        look="sudo crictl pods",
    )
    ready = [one for one in pods if one.ready]
    require(
        ready,
        "not-ready",
        expected=f"The pod {name} is Ready.",
        observed="It is NotReady.",
        look="sudo crictl pods",
    )
    require(
        len(ready) == 1,
        "several-pods",
        expected=f"One pod is called {name}.",
        observed=f"{len(ready)} are.",
        look="sudo crictl pods",
    )
    (pod,) = ready
    for called, argv in containers.items():
        one = pod.container(called)
        others = [it.name for it in found.pods if it.id != pod.id and it.container(called)]
        require(
            one is not None or not others,
            "other-pod",
            expected=f"The container {called} is in the pod {name}.",
            observed=f"One of that name is in {', '.join(others)}.",
            look="sudo crictl ps -a",
        )
        if one is None:
            require(
                False,
                "no-such-container",
                expected=f"In the pod {name} there is a container called {called}.",
                observed="There is none of that name.",
                look="sudo crictl ps -a",
            )
            return pod
        require(
            one.state == "running" and one.pid,
            "not-running",
            expected=f"The container {called} runs.",
            observed=f"It is {one.state}.",
            look="sudo crictl ps -a",
        )
        require(
            runs(one.argv, one.exe, argv),
            "other-program",
            expected=f"The container {called} runs `{' '.join(argv)}`.",
            observed=f"It runs `{' '.join(one.argv)}`.",
            look="sudo crictl ps",
        )
        apart = [kind for kind in SHARED if one.namespaces.get(kind) != pod.namespaces.get(kind)]
        require(
            not apart,
            "not-shared",
            expected=f"The container {called} shares the pod's {', '.join(SHARED)} namespaces.",
            observed=f"It has another one: {', '.join(apart)}.",
            look=f"sudo lsns -p {one.pid}",
        )
    roots = {one.namespaces.get("mnt") for one in pod.containers if one.name in containers}
    require(
        len(roots) == len(containers),
        "one-root",
        expected="Each of them has a file system of its own.",
        observed="Two have the same.",
        look="sudo crictl ps",
    )
    return pod
