"""Commands that wait, for as long as is said, until a manager has noticed something."""

from __future__ import annotations

from labs.swarm.asked import on


def until(asking: str, line: str, *, seconds: int = 60) -> str:
    """Until the answer has this line."""
    return f"timeout {seconds} sh -c \"until {asking} | grep -qx '{line}'; do sleep 0.5; done\""


def until_known(manager: str, machine: str, status: str, *, seconds: int = 60) -> str:
    """Until a manager says this of a machine: `Ready` or `Down`."""
    asking = on(manager, "node ls --format '{{.Hostname}} {{.Status}}'")
    return until(asking, f"{machine} {status}", seconds=seconds)


def until_said(command: str, *, seconds: int = 60) -> str:
    """A command, until a swarm that has just no leader takes it."""
    return f'timeout {seconds} sh -c "until {command}; do sleep 1; done"'


def until_running(manager: str, service: str, count: int, *, seconds: int = 60) -> str:
    """Until so many tasks of a service run."""
    listed = on(manager, "service ps -f desired-state=running --format '{{.CurrentState}}'")
    return until(f"{listed} {service} | grep -c ^Running", str(count), seconds=seconds)
