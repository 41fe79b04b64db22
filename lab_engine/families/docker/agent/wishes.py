"""A container's wishes in the words of the engine's API, and how what is there differs from them.

Source: the Engine API, version 1.45, `POST /containers/create` and `GET /containers/{id}/json`.
"""

from __future__ import annotations

from typing import Any, Final

from lab_engine.common import digest, quantities
from lab_engine.families.docker.agent.engine import SPEC_LABEL, labels
from lab_engine.families.docker.resources import Container, ContainerMount, Health
from lab_engine.families.provider import Mark

_NANO: Final = 1_000_000_000


def config_of(wanted: Container, mark: Mark) -> dict[str, Any]:
    """The body of the call that creates a container."""
    config: dict[str, Any] = {
        "Image": wanted.image,
        "Labels": labels(wanted, mark),
        "OpenStdin": wanted.stdin,
        "Tty": wanted.tty,
        "StopTimeout": wanted.stop_seconds,
        "HostConfig": _host_config(wanted),
    }
    optional = {
        "Cmd": list(wanted.command),
        "Entrypoint": list(wanted.entrypoint),
        "Env": [f"{name}={value}" for name, value in sorted(wanted.environment.items())],
        "Hostname": wanted.hostname,
        "User": wanted.user,
        "WorkingDir": wanted.working_dir,
        "ExposedPorts": {f"{port.container}/{port.protocol}": {} for port in wanted.ports},
    }
    config.update({name: value for name, value in optional.items() if value})
    if wanted.health is not None:
        config["Healthcheck"] = _health(wanted.health)
    if wanted.networks:
        config["NetworkingConfig"] = {
            # All at once, which the engine takes since API 1.44.
            "EndpointsConfig": {
                attachment.network: {
                    "IPAMConfig": (
                        {"IPv4Address": attachment.address} if attachment.address else None
                    ),
                    "Aliases": list(attachment.aliases) or None,
                }
                for attachment in wanted.networks
            }
        }
    return config


def _host_config(wanted: Container) -> dict[str, Any]:
    restart, _, retries = wanted.restart.partition(":")
    return {
        "NetworkMode": wanted.networks[0].network if wanted.networks else wanted.network_mode,
        "Mounts": [_mount(mount) for mount in wanted.mounts],
        "PortBindings": {
            f"{port.container}/{port.protocol}": [
                # With an empty port the engine chooses one.
                {"HostIp": port.address, "HostPort": str(port.host) if port.host else ""}
            ]
            for port in wanted.ports
        },
        "ReadonlyRootfs": wanted.read_only,
        "RestartPolicy": {"Name": restart, "MaximumRetryCount": int(retries or 0)},
        **_limits(wanted),
    }


def _limits(wanted: Container) -> dict[str, int]:
    limits = {
        "Memory": quantities.size(wanted.memory) if wanted.memory else 0,
        "NanoCpus": round(wanted.cpus * _NANO),
        "PidsLimit": wanted.pids,
    }
    return {name: value for name, value in limits.items() if value}


def _mount(mount: ContainerMount) -> dict[str, Any]:
    body: dict[str, Any] = {
        "Type": mount.type,
        "Target": mount.target,
        "ReadOnly": mount.read_only,
    }
    if mount.source:
        body["Source"] = mount.source
    options = {
        "SizeBytes": quantities.size(mount.size) if mount.size else 0,
        "Mode": mount.mode,
    }
    if mount.type == "tmpfs" and any(options.values()):
        body["TmpfsOptions"] = {name: value for name, value in options.items() if value}
    return body


def _health(health: Health) -> dict[str, Any]:
    body: dict[str, Any] = {
        "Test": ["CMD", *health.command],
        "Interval": round(health.interval * _NANO),
        "Timeout": round(health.timeout * _NANO),
        "Retries": health.retries,
    }
    if health.start_period:
        body["StartPeriod"] = round(health.start_period * _NANO)
        # Without it the engine looks only every five seconds while the start period lasts.
        body["StartInterval"] = body["Interval"]
    return body


def drift_of(wanted: Container, found: dict[str, Any], image_id: str, shared_id: str) -> str:
    """Why a container is not what is wanted, in a few words; empty when it is.

    Args:
        wanted: the wishes.
        found: the engine's description of the container that is there.
        image_id: the id that the wanted image has now.
        shared_id: the id of the container whose network it is to share.
    """
    if found["Config"]["Labels"].get(SPEC_LABEL) != digest.of(wanted):
        return "was made from other wishes"
    if image_id and found["Image"] != image_id:
        return f"was made from an older {wanted.image}"
    state = found["State"]["Status"]
    if state != wanted.state:
        return f"state is {state}, wanted {wanted.state}"
    return (
        _network_drift(wanted, found, shared_id) or _limits_drift(wanted, found["HostConfig"]) or ""
    )


def _network_drift(wanted: Container, found: dict[str, Any], shared_id: str) -> str:
    if wanted.shares_with:
        # Kept by id: one made anew under the same name has another network.
        if found["HostConfig"]["NetworkMode"] != f"container:{shared_id}":
            return f"shares the network of a {wanted.shares_with} that is gone"
        return ""
    networks = [attachment.network for attachment in wanted.networks] or [wanted.network_mode]
    present = set(found["NetworkSettings"]["Networks"])
    if missing := sorted(set(networks) - present):
        return f"is not on {', '.join(missing)}"
    if extra := sorted(present - set(networks)):
        return f"is on {', '.join(extra)} too"
    return ""


def _limits_drift(wanted: Container, found: dict[str, Any]) -> str:
    limits = _limits(wanted)
    for name in ("Memory", "NanoCpus", "PidsLimit"):
        if (found.get(name) or 0) != limits.get(name, 0):
            return f"{name} is {found.get(name) or 0}, wanted {limits.get(name, 0)}"
    restart = found["RestartPolicy"]["Name"] or "no"
    if restart != wanted.restart.partition(":")[0]:
        return f"restart is {restart}, wanted {wanted.restart}"
    return ""
