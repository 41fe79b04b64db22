"""Whether the engine gives a bench what it asks for: tried with a program of 300 bytes.

The trial needs no image and no network: the program is the whole of its own image. It runs with the
very configuration of a bench, so defaults of the engine that a bench cannot override show here.
"""

from __future__ import annotations

import io
import os
import struct
import tarfile
from contextlib import suppress
from typing import Any, Final

import requests
from docker import errors as docker_errors

from lab_engine.bench import engine, loops, tarball, walls
from lab_engine.errors import BenchError

REPOSITORY: Final = "infralab/trial"
ADDRESS: Final = 0x400000
SECONDS: Final = 30

CODE: Final = bytes.fromhex(
    "31dbb89d000000bf2700000031f631d24531d24531c00f0583e00109c3b804000000488d3d910000"
    "00488db42400ffffff0f0585c0750a83bc241cffffff00740383cb02b8a5000000488d3d76000000"
    "488d356a000000488d15680000004531d24531c00f0585c0740383cb04b885000000488d3d530000"
    "00beb6210000bac80a00000f0585c0740383cb08b861000000bf07000000488db42400ffffff0f05"
    "4881bc2400ffffff00040000730383cb10b8e700000089df0f052f747269616c002f6d6e7400746d"
    "706673002f6e6f646500"
)
"""x86-64, from the calls prctl(PR_GET_NO_NEW_PRIVS), stat("/trial"), mount("tmpfs", "/mnt"),
mknod("/node", S_IFCHR, 10:200) and getrlimit(RLIMIT_NOFILE): the exit
code has a bit of PROBLEMS for each that went wrong."""

PROBLEMS: Final = {
    1: "it lets no program in a container gain rights (no-new-privileges), so `sudo` fails",
    2: "it gives a container's files to another user than root (userns-remap), so `sudo` fails",
    4: "it lets a container mount nothing, though that was asked for",
    8: "it lets a container make no device nodes (rootless, or inside another container)",
    16: "it allows a program fewer than 1024 open files (default-ulimits)",
}


def problems() -> list[str]:
    """What a bench would lack, in words for people; empty when it gets everything.

    Raises:
        BenchError: the engine does not even start the trial; says what it answered.
        DockerUnavailable: no engine answers.
    """
    code = _run(engine.connect())
    found = [words for bit, words in PROBLEMS.items() if code & bit]
    if code > sum(PROBLEMS):
        found = [f"a program in a container of it ended with {code}"]
    return found


def _run(client: Any) -> int:
    """The exit code of the program, in a container with a bench's configuration."""
    # Two may be trying at once, and each removes its own image.
    tag = str(os.getpid())
    asked = "trying what the engine gives a bench"
    with engine.explain(asked):
        image = client.api.import_image_from_data(
            _root(),
            repository=REPOSITORY,
            tag=tag,
        )
        if '"error"' in str(image):
            raise BenchError(f"{asked}: {image}", hint="Look at the engine's log.")
        try:
            config = walls.host_config(
                client, 64 << 20, 0, {}, "none", f"{loops.FIRST}-{loops.FIRST + 1}", 1 << 30
            )
            # The engine makes a volume that a bind names, without a label: nobody would find and
            # remove it.
            config["Binds"] = []
            # Which loop devices are free is no matter here, and a nested engine has others.
            config["DeviceCgroupRules"] = list(walls.DEVICE_RULES)
            made = client.api.create_container(
                f"{REPOSITORY}:{tag}",
                entrypoint=["/trial"],
                labels={"infralab.kind": "trial"},
                host_config=config,
            )
            try:
                client.api.start(made["Id"])
                return int(client.api.wait(made["Id"], timeout=SECONDS)["StatusCode"])
            finally:
                client.api.remove_container(made["Id"], force=True, v=True)
        finally:
            with suppress(docker_errors.APIError, requests.RequestException):
                client.api.remove_image(f"{REPOSITORY}:{tag}", force=True)


def _root() -> bytes:
    """The whole image, as a tar."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as tar:
        tarball.add(tar, "mnt", b"", mode=0o755, kind=tarfile.DIRTYPE)
        tarball.add(tar, "trial", _elf(), mode=0o755)
    return buffer.getvalue()


def _elf() -> bytes:
    """The code as a program (elf(5)): one header, one segment that holds the whole file."""
    size = 64 + 56 + len(CODE)
    head = b"\x7fELF" + bytes((2, 1, 1)) + bytes(9)
    head += struct.pack("<HHIQQQIHHHHHH", 2, 62, 1, ADDRESS + 120, 64, 0, 0, 64, 56, 1, 64, 0, 0)
    segment = struct.pack("<IIQQQQQQ", 1, 5, 0, ADDRESS, ADDRESS, size, size, 0x1000)
    return head + segment + CODE
