"""The cache volume: what is slow to make, shared by all benches and read-only to them.

One writer at a time, across processes and machines that share an engine: the writer is a container
of a fixed name, which Docker gives out once.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Final

from docker import errors as docker_errors

from lab_engine import __version__
from lab_engine.bench import engine, image
from lab_engine.common.paths import LIB, PYTHON
from lab_engine.errors import BenchError

VOLUME: Final = "infralab-cache"
MOUNT: Final = "/var/cache/infralab"
WRITER: Final = "infralab-cache-writer"


def ensure_volume(client: Any | None = None) -> str:
    """Make the volume if it is missing, and return its name."""
    client = client or engine.connect()
    with engine.explain("making the cache volume"):
        # Creating one that exists is no error and changes nothing.
        client.api.create_volume(
            VOLUME, labels={"infralab.kind": "cache", "infralab.version": __version__}
        )
    return VOLUME


def write(
    argv: Sequence[str],
    *,
    key: str,
    timeout: float = 1800.0,
    internet: bool = False,
    forget: bool = False,
    env: Mapping[str, str] | None = None,
    progress: image.Progress = lambda _: None,
) -> str:
    """Run a command as root in a short-lived container that may write the cache, at `MOUNT`.

    Args:
        argv: the command, such as `["/opt/infralab/venv/bin/python", "-m", "lab_engine.x"]`; the
            engine's code is importable.
        key: what it makes; the manifest records it with the time and the image, once the command
            has succeeded.
        timeout: seconds for waiting for another writer and for the command, each.
        internet: whether the command may reach the Internet.
        forget: the command removes what `key` names, so the manifest loses it.
        env: more environment.
        progress: told each line that the command writes.

    Returns:
        What the command wrote, standard output and error together.

    Raises:
        BenchError: the command failed, or a time limit passed; the container is removed.
    """
    tag = image.ensure_image(progress)
    client = engine.connect()
    ensure_volume(client)
    words = [PYTHON, "-m", "lab_engine.inside.writer", "--forget" if forget else "--record"]
    words += [f"{MOUNT}/manifest.json", key, tag, "--", *argv]
    container = _take_writer(client, tag, words, internet, env or {}, timeout, progress)
    asked = f"writing {key} to the cache"
    try:
        with engine.explain(asked):
            client.api.start(container)
            output = _follow(client, container, asked, timeout, progress)
            # Its log has ended, so it has, too: this only asks for the code.
            code = client.api.wait(container, timeout=30)["StatusCode"]
        if code:
            raise BenchError(
                f"{asked}: the command ended with {code}:\n{output[-2000:]}",
                hint="Run it again; if it fails again, the message above is the reason.",
            )
    finally:
        with suppress(Exception):
            client.api.remove_container(container, force=True, v=True)
    return output


def manifest() -> dict[str, Any]:
    """What the cache holds: key -> {"written": ISO time, "image": tag}."""
    client = engine.connect()
    tag = image.ensure_image()
    ensure_volume(client)
    text = _short(client, tag, ["cat", f"{MOUNT}/manifest.json"])
    try:
        found: dict[str, Any] = json.loads(text)
    except ValueError:
        # Nothing was ever written: there is no file, and so no JSON.
        return {}
    return found


def remove() -> None:
    """Remove the cache. Benches that use it must be removed first.

    Raises:
        BenchError: a bench uses it.
    """
    client = engine.connect()
    with (
        engine.explain("removing the cache", hint="Remove the benches first: `infralab gc`."),
        suppress(docker_errors.NotFound),
    ):
        client.api.remove_volume(VOLUME)


def _config(client: Any, *, writable: bool, network: str) -> Any:
    return client.api.create_host_config(
        init=True,
        binds=[f"{VOLUME}:{MOUNT}{'' if writable else ':ro'}"],
        network_mode=network,
        cap_add=["SYS_ADMIN", "MKNOD"],
        security_opt=["seccomp=unconfined", "apparmor=unconfined", "label=disable"],
        # /dev/kvm: the guests whose state is saved are booted here.
        device_cgroup_rules=["c 10:232 rwm"],
        log_config={"Type": "json-file", "Config": {"max-size": "4m", "max-file": "1"}},
    )


def _take_writer(
    client: Any, tag: str, argv: Sequence[str], internet: bool, env: Mapping[str, str],
    timeout: float, progress: image.Progress,
) -> str:  # fmt: skip
    end = time.monotonic() + timeout
    told = False
    while True:
        try:
            answer = client.api.create_container(
                tag,
                command=list(argv)[1:],
                entrypoint=[argv[0]],
                name=WRITER,
                user="root",
                working_dir=MOUNT,
                labels={"infralab.kind": "cache-writer", "infralab.version": __version__},
                environment={"PYTHONPATH": LIB, "PYTHONUNBUFFERED": "1", **env},
                host_config=_config(
                    client, writable=True, network="bridge" if internet else "none"
                ),
            )
        except docker_errors.APIError as error:
            if error.status_code != 409:
                raise BenchError(
                    f"the cache's writer cannot be made: {error.explanation}",
                    hint="`infralab doctor` checks what a bench needs.",
                ) from error
            _drop_finished(client)
            if time.monotonic() > end:
                raise BenchError(
                    f"another writer of the cache did not end within {timeout:.0f} s",
                    hint=f"If none is at work, remove it: `docker rm -f {WRITER}`.",
                ) from error
            if not told:
                progress("another infralab writes to the cache; waiting for it")
                told = True
            time.sleep(0.3)
        else:
            return str(answer["Id"])


def _drop_finished(client: Any) -> None:
    """Take away a writer whose client was killed: one that ended, or never began for a minute."""
    with suppress(docker_errors.APIError):
        found = client.api.inspect_container(WRITER)
        created = datetime.fromisoformat(found["Created"][:19] + "+00:00")
        age = (datetime.now(UTC) - created).total_seconds()
        status = found["State"]["Status"]
        if status in ("exited", "dead") or (status == "created" and age > 60):
            client.api.remove_container(found["Id"], force=True, v=True)


def _follow(
    client: Any, container: str, asked: str, timeout: float, progress: image.Progress
) -> str:
    """Tell each line as it is written; return all of them when the command has ended."""
    late = threading.Event()
    stream = client.api.logs(container, stdout=True, stderr=True, stream=True, follow=True)

    def stop() -> None:
        # The SDK takes the time limit off a stream that it follows. Its log ends with a container.
        late.set()
        with suppress(Exception):
            client.api.kill(container)

    timer = threading.Timer(timeout, stop)
    timer.start()
    written, rest = [], b""
    try:
        # What comes is what was written at a time: parts of a line, or many.
        for part in stream:
            written.append(part)
            *lines, rest = (rest + part).split(b"\n")
            for line in lines:
                progress(line.decode(errors="replace").rstrip("\r"))
    finally:
        timer.cancel()
        stream.close()
    if late.is_set():
        raise BenchError(
            f"{asked}: not ready after {timeout:.0f} s",
            hint="The machine is slow or the command hangs; try again when it is quiet.",
        )
    if rest:
        progress(rest.decode(errors="replace"))
    return b"".join(written).decode(errors="replace")


def _short(client: Any, tag: str, argv: Sequence[str]) -> str:
    with engine.explain("reading the cache"):
        answer = client.api.create_container(
            tag,
            command=list(argv)[1:],
            entrypoint=[argv[0]],
            working_dir=MOUNT,
            labels={"infralab.kind": "cache-reader"},
            host_config=_config(client, writable=False, network="none"),
        )
        try:
            client.api.start(answer["Id"])
            client.api.wait(answer["Id"], timeout=30)
            data: bytes = client.api.logs(answer["Id"], stdout=True, stderr=False)
        finally:
            client.api.remove_container(answer["Id"], force=True, v=True)
    return data.decode(errors="replace")
