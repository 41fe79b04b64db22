"""A short-lived container beside the engine, for what only root on the engine's machine may do.

It is a container and no program of this machine, so that it works with a remote engine too.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

import requests
from docker import errors as docker_errors
from docker.types import Mount

from lab_engine.bench import engine, image
from lab_engine.common import patience
from lab_engine.common.paths import LIB
from lab_engine.errors import BenchError

SECONDS: Final = 60
KIND: Final = "tool"
MAKER: Final = "pack-maker"


def run(
    client: Any,
    asked: str,
    argv: Sequence[str],
    *,
    binds: Sequence[str] = (),
    capabilities: Sequence[str] = (),
    rules: Sequence[str] = (),
    folders: Mapping[str, str] | None = None,
    host_cgroups: bool = False,
) -> bytes:
    """The output of `argv`, run as root from the newest bench image that is there.

    Args:
        client: the docker client.
        asked: what it is for, as the beginning of an error's sentence.
        argv: the command.
        binds: what it sees, as `NAME:PATH[:ro]`.
        capabilities: what it may do; it has no others.
        rules: the devices that it may use.
        folders: of the engine's machine -> where it sees them, read-only; one that is not there
            is left out.
        host_cgroups: whether it sees the engine's machine's control groups.

    Raises:
        BenchError: there is no bench image, or the command failed.
    """
    config = client.api.create_host_config(
        network_mode="none",
        binds=list(binds),
        # As mounts: the engine would make the folder of a bind that is not there.
        mounts=[
            Mount(target, source, type="bind", read_only=True)
            for source, target in (folders or {}).items()
        ],
        cap_drop=["ALL"],
        cap_add=list(capabilities),
        security_opt=["seccomp=unconfined", "apparmor=unconfined", "label=disable"],
        device_cgroup_rules=list(rules),
    )
    if host_cgroups:
        config["CgroupnsMode"] = "host"
    with engine.explain(asked):
        made = _create(client, config, _image(client, asked), argv)
        try:
            client.api.start(made["Id"])
            limit = patience.patient(SECONDS)
            code = client.api.wait(made["Id"], timeout=limit)["StatusCode"]
            output: bytes = client.api.logs(made["Id"], stdout=True, stderr=False)
            complaint: bytes = client.api.logs(made["Id"], stdout=False, stderr=True)
        finally:
            with suppress(docker_errors.DockerException, requests.RequestException):
                client.api.remove_container(made["Id"], force=True, v=True)
    if code != 0:
        raise BenchError(
            f"{asked}: {complaint.decode(errors='replace').strip() or f'it ended with {code}'}",
            hint="Run `infralab gc` again when the machine is quieter.",
        )
    return output


def _create(client: Any, config: Any, tag: str, argv: Sequence[str]) -> Any:
    while True:
        try:
            return client.api.create_container(
                tag,
                command=list(argv[1:]),
                # Not the image's own, which would make a bench of this container.
                entrypoint=[argv[0]],
                environment={"PYTHONPATH": LIB},
                labels={"infralab.kind": KIND},
                host_config=config,
            )
        except docker_errors.APIError as error:
            # The engine names the one that is not there; it is asked about nowhere else.
            absent = [one for one in config.get("Mounts") or () if _unfound(error, one["Source"])]
            if not absent:
                raise
            config["Mounts"] = [one for one in config["Mounts"] if one not in absent]


def _unfound(error: docker_errors.APIError, path: str) -> bool:
    said = str(error.explanation or error)
    return "source path does not exist" in said and said.rstrip("'\") ").endswith(path)


def abandoned(client: Any) -> list[str]:
    """Names of tools whose client was killed: they ended, or never began, a while ago.

    The container that builds a pack is one: it ends by itself, and its client removes it.
    """
    found = [
        item
        for kind in (KIND, MAKER)
        for item in client.api.containers(all=True, filters={"label": f"infralab.kind={kind}"})
    ]
    return [
        str(item["Names"][0].lstrip("/"))
        for item in found
        if item["State"] != "running" and time.time() - int(item["Created"]) > SECONDS
    ]


def _image(client: Any, asked: str) -> str:
    found = client.api.images(name=image.BENCH)
    tags = [
        str(tag)
        for item in sorted(found, key=lambda item: int(item["Created"]), reverse=True)
        for tag in item.get("RepoTags") or ()
        if tag.startswith(f"{image.BENCH}:")
    ]
    if not tags:
        raise BenchError(f"{asked}: there is no bench image", hint="Make it: `infralab setup`.")
    return tags[0]
