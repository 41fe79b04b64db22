"""Commands that make a service, for the solutions and near misses of several steps."""

from __future__ import annotations

from labs.swarm.asked import on
from labs.swarm.values import IMAGE, Values


def street(v: Values, driver: str = "overlay") -> str:
    return on(v.first, f"network create -d {driver} --attachable {v.street}")


def serve(sign: str, port: int = 80) -> str:
    return f"sh -c 'echo {sign} > /tmp/index.html; exec httpd -f -p {port} -h /tmp'"


def create(v: Values, *, count: int = 0, options: str = "", port: int = 80, sign: str = "") -> str:
    return on(
        v.first,
        f"service create --name {v.shop} --replicas {count or v.count} --network {v.street} "
        f"--endpoint-mode dnsrr --stop-grace-period 1s {options}{IMAGE} "
        f"{serve(sign or v.sign, port)}",
    )


def renew(v: Values, sign: str = "", options: str = "") -> str:
    wanted = serve(sign or v.next_sign).replace("'", '"')
    return on(v.first, f"service update {options}--args '{wanted}' {v.shop}")


def runs_without(v: Values, machine: str, *, seconds: int = 60) -> str:
    """Wait until all tasks that shall run do, and none of them on this machine."""
    listed = on(
        v.first, "service ps -f desired-state=running --format '{{.Node}} {{.CurrentState}}'"
    )
    return (
        f'timeout {seconds} sh -c "until [ \\$({listed} {v.shop} | grep -v {machine} '
        f'| grep -c Running) = {v.count} ]; do sleep 0.5; done"'
    )
