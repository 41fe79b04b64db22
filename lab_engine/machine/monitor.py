"""QEMU's monitor (QMP): one question a connection, each with a time limit.

Source: the QEMU Machine Protocol specification (docs/interop/qmp-spec.rst).
"""

from __future__ import annotations

import json
import re
import socket
import time
from pathlib import Path
from typing import Any, Final

from lab_engine.errors import BenchError
from lab_engine.machine import boot

SECONDS: Final = 10.0
LONGEST: Final = 1 << 20


class Silent(BenchError):
    """QEMU's monitor is not there, or gave no answer in time."""


def ask(path: Path, command: str, *, seconds: float = SECONDS, **arguments: Any) -> Any:
    """What QEMU returns to a command.

    Raises:
        Silent: nobody listens there, the answer took too long, or it was an error.
    """
    end = time.monotonic() + seconds
    try:
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(seconds)
            line.connect(str(path))
            rest = _answer(line, b"", end)[1]
            for name, words in (("qmp_capabilities", {}), (command, arguments)):
                line.sendall(json.dumps({"execute": name, "arguments": words}).encode() + b"\n")
                while True:
                    said, rest = _answer(line, rest, end)
                    if "error" in said:
                        raise Silent(f"QEMU refuses {name}: {said['error'].get('desc')}")
                    if "return" in said:
                        break
            return said["return"]
    except (OSError, ValueError) as error:
        raise Silent(f"QEMU's monitor at {path} does not answer: {error}") from error


def _answer(line: socket.socket, rest: bytes, end: float) -> tuple[dict[str, Any], bytes]:
    """The next object, and what came behind it. Raises OSError or ValueError."""
    while b"\n" not in rest:
        # The limit is for the whole answer, not for each read of it.
        line.settimeout(max(end - time.monotonic(), 0.001))
        more = line.recv(1 << 16)
        if not more or len(rest) > LONGEST:
            raise ConnectionError("the connection ended")
        rest += more
    first, _, rest = rest.partition(b"\n")
    value = json.loads(first)
    if not isinstance(value, dict):
        raise ValueError("no object")
    return value, rest


def ssh_port(path: Path) -> int:
    """The port of this computer that leads to the machine's ssh. Raises Silent."""
    words: dict[str, Any] = {"command-line": "info usernet"}
    found = ask(path, "human-monitor-command", **words)
    match = re.search(r"TCP\[HOST_FORWARD\]\s+\d+\s+127\.0\.0\.1\s+(\d+)\s", str(found))
    if match is None:
        raise Silent("QEMU names no port for the machine's ssh")
    return int(match[1])


def console(path: Path) -> str:
    """The end of what the machine wrote to its console since it was asked last; empty if silent."""
    try:
        return str(ask(path, "ringbuf-read", device=boot.CONSOLE, size=boot.CONSOLE_BYTES))
    except Silent:
        return ""
