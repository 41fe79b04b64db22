"""The daemon may go: the shim holds the container."""

from __future__ import annotations

from lab_engine.authoring import See, require_outlived_containerd, require_task
from labs.runtimes.values import QUIET, Values, imported, lab, sailing

step = lab.step("shim", daemons=("docker",))
AGAIN = "sudo /usr/lib/infralab/bin/start-docker"
GONE = "while pgrep -xf containerd >/dev/null; do sleep 0.05; done"


@step.check("sail", points=1, settle=3.0)
async def sail(see: See, v: Values) -> None:
    await require_task(see, v.water, v.ship, image="busybox", argv=["sleep", str(v.ship_seconds)])


@step.check("restart", points=2, needs=("sail",), settle=5.0)
async def restart(see: See, v: Values) -> None:
    await require_outlived_containerd(see, v.water, v.ship)


def sails(v: Values) -> list[str]:
    return [imported(v.water), sailing(v, v.water, v.ship_seconds)]


def killed(signal: str = "-9") -> str:
    return f"sudo kill {signal} $(pgrep -xf containerd); {GONE}"


step.solution("killed, and started", lambda v: [*sails(v), killed(), AGAIN])
step.solution(
    "asked to end, and started by hand",
    lambda v: [
        *sails(v),
        killed("-TERM"),
        f"sudo setsid containerd {QUIET} &",
    ],
)
step.near_miss(
    "ended, and left so", lambda v: [*sails(v), killed()], rejected_by="sail", reason="no-daemon"
)
step.near_miss(
    "the container started anew as well",
    lambda v: [
        *sails(v),
        killed(),
        AGAIN,
        f"sudo ctr -n {v.water} tasks rm -f {v.ship}",
        f"sudo ctr -n {v.water} tasks start -d {v.ship} {QUIET}",
    ],
    rejected_by="restart",
    reason="younger",
)
step.near_miss(
    "the shim ended too",
    lambda v: [
        *sails(v),
        f"sudo kill -9 $(pgrep -f '[s]him.*-namespace {v.water} -id {v.ship}'); {killed()}",
        AGAIN,
    ],
    rejected_by="sail",
    reason="no-task",
)
step.near_miss(
    "the container paused meanwhile",
    lambda v: [*sails(v), killed(), AGAIN, f"sudo ctr -n {v.water} tasks pause {v.ship}"],
    rejected_by="sail",
    reason="not-running",
)
step.near_miss(
    "dockerd in its place",
    lambda v: [
        *sails(v),
        "sudo kill $(pidof dockerd); while pidof dockerd >/dev/null; do sleep 0.1; done",
        AGAIN,
    ],
    rejected_by="restart",
    reason="younger",
)
