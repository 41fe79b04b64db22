"""What goes on inside a container: run a command there, read a file there (agent side)."""

from __future__ import annotations

import ctypes
import errno
import io
import os
import signal
import stat
import struct
import tarfile
import time
from collections import deque
from collections.abc import Iterator
from contextlib import closing, suppress
from http.client import NOT_IMPLEMENTED, HTTPException, HTTPResponse
from typing import Any, Final

import docker.errors

from lab_engine.errors import DaemonDown
from lab_engine.families.docker.agent import named
from lab_engine.families.docker.agent.engine import CONFLICT, Api, UnixConnection, asking
from lab_engine.families.docker.probes.inside import (
    ContainerCommandProbe,
    ContainerCommandReading,
    ContainerFileProbe,
    ContainerFileReading,
    ContainerLogProbe,
    ContainerLogReading,
)

OUR_EXECS: deque[str] = deque(maxlen=512)
"""The ids of the commands we ran: their events must not wake the checks that ran them."""

NOT_RUNNABLE: Final = (126, 127)
"""The exit codes for a program that cannot be run, or is not there (docker-exec(1))."""

_STDERR: Final = 2
_FRAME: Final = struct.Struct(">BxxxL")
_MAX_ENTRIES: Final = 1000

# The C library has no function for it; the number is the same on every architecture.
_SYS_OPENAT2: Final = 437
_RESOLVE_NO_MAGICLINKS: Final = 0x02
_RESOLVE_IN_ROOT: Final = 0x10

# Bits of Go's os.FileMode, in which the engine tells the kind of a path in a container.
_GO_DIRECTORY: Final = 1 << 31
_GO_LINK: Final = 1 << 27

_libc = ctypes.CDLL(None, use_errno=True)


def run_command(probe: ContainerCommandProbe) -> ContainerCommandReading:
    """Run the probe's command through the exec API and end it when its time is up."""
    deadline = time.monotonic() + probe.seconds
    with asking(f"run {probe.argv[0]} in the container {probe.container}") as api:
        try:
            found = named.container(api, probe.container)
            made = api.exec_create(found["Id"], list(probe.argv), user=probe.user)
        except docker.errors.NotFound:
            return ContainerCommandReading(ran=False)
        except docker.errors.APIError as error:
            # 409: it is paused, or does not run.
            if error.status_code == CONFLICT:
                return ContainerCommandReading(ran=False)
            raise
        # Before it is started: its events may come from then on.
        OUR_EXECS.append(made["Id"])
        try:
            output, timed_out = _start(made["Id"], deadline, probe.limit)
        except (OSError, HTTPException) as error:
            raise DaemonDown(
                "the Docker engine in the bench ended the connection to a command "
                f"({type(error).__name__})",
                daemon="docker",
            ) from error
        ended = api.exec_inspect(made["Id"])
    # The API cannot end an exec, and it outlives its connection (moby issue 9098).
    if timed_out and ended["Running"] and ended["Pid"]:
        with suppress(ProcessLookupError):
            os.kill(ended["Pid"], signal.SIGKILL)
    code = -1 if timed_out or ended["ExitCode"] is None else int(ended["ExitCode"])
    return ContainerCommandReading(
        ran=code not in NOT_RUNNABLE,
        exit_code=-1 if code in NOT_RUNNABLE else code,
        stdout=output[0].decode(errors="replace"),
        stderr=output[1].decode(errors="replace"),
        timed_out=timed_out,
    )


def _start(exec_id: str, deadline: float, limit: int) -> tuple[tuple[bytes, bytes], bool]:
    """Start an exec and collect what it writes. True: the time was up before it ended."""
    streams = (bytearray(), bytearray())
    # Never 0, which would make the socket one that does not wait at all.
    with closing(UnixConnection(max(0.1, deadline - time.monotonic()))) as connection:
        try:
            answer = connection.ask(
                "POST", f"/exec/{exec_id}/start", {"Detach": False, "Tty": False}
            )
            with answer:
                timed_out = _collect(connection, answer, streams, deadline, limit)
        except TimeoutError:
            timed_out = True
    return (bytes(streams[0]), bytes(streams[1])), timed_out


def _collect(
    connection: UnixConnection,
    answer: HTTPResponse,
    streams: tuple[bytearray, bytearray],
    deadline: float,
    limit: int,
) -> bool:
    """Sort the frames of the engine's stream (Engine API, "Stream format") by where they went."""
    while True:
        left = deadline - time.monotonic()
        if left <= 0:
            return True
        connection.wait_at_most(left)
        header = answer.read(_FRAME.size)
        if len(header) < _FRAME.size:
            return False
        kind, length = _FRAME.unpack(header)
        data = answer.read(length)
        # Read even when there is enough of it: a full pipe would stop the command.
        kept = streams[1 if kind == _STDERR else 0]
        kept += data[: max(0, limit - len(kept))]


def read_log(probe: ContainerLogProbe) -> ContainerLogReading:
    """What the engine kept of a container's output; nothing where its driver keeps none."""
    with asking(f"read the log of the container {probe.container}") as api:
        try:
            found = named.container(api, probe.container)
            out, err = (
                api.logs(found["Id"], stdout=not errors, stderr=errors, tail=probe.lines)
                for errors in (False, True)
            )
        except docker.errors.NotFound:
            return ContainerLogReading(exists=False)
        except docker.errors.APIError as error:
            # With `--log-driver none` there is nothing to read, and the engine calls that an error.
            if error.status_code != NOT_IMPLEMENTED:
                raise
            return ContainerLogReading()
    return ContainerLogReading(
        out=tuple(out.decode(errors="replace").splitlines()),
        err=tuple(err.decode(errors="replace").splitlines()),
    )


class _OpenHow(ctypes.Structure):
    """`struct open_how` of openat2(2)."""

    _fields_ = (
        ("flags", ctypes.c_uint64),
        ("mode", ctypes.c_uint64),
        ("resolve", ctypes.c_uint64),
    )


def _open_in_root(root: int, path: str) -> int:
    """Open a path with `root` as its root, so that no link leads out. Raises OSError."""
    how = _OpenHow(
        # Opening a FIFO waits for its writer without O_NONBLOCK (fifo(7)).
        os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY,
        0,
        _RESOLVE_IN_ROOT | _RESOLVE_NO_MAGICLINKS,
    )
    opened: int = _libc.syscall(
        _SYS_OPENAT2, root, os.fsencode(path), ctypes.byref(how), ctypes.sizeof(how)
    )
    if opened < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), path)
    return opened


def _describe(handle: int, limit: int) -> ContainerFileReading:
    about = os.fstat(handle)
    facts: dict[str, Any] = {
        "size": about.st_size,
        "mode": stat.S_IMODE(about.st_mode),
        "uid": about.st_uid,
        "gid": about.st_gid,
        "modified_at": about.st_mtime,
        "changed_at": about.st_ctime,
    }
    if stat.S_ISDIR(about.st_mode):
        return ContainerFileReading(
            kind="directory", entries=tuple(sorted(os.listdir(handle))[:_MAX_ENTRIES]), **facts
        )
    if not stat.S_ISREG(about.st_mode):
        return ContainerFileReading(kind="other", **facts)
    text = os.read(handle, limit).decode(errors="replace")
    return ContainerFileReading(text=text, **facts)


def read_file(probe: ContainerFileProbe) -> ContainerFileReading:
    """Through the mounts of a running container's first process, else from the engine's archive."""
    with asking(f"read {probe.path} in the container {probe.container}") as api:
        try:
            found = named.container(api, probe.container)
        except docker.errors.NotFound:
            return ContainerFileReading(exists=False)
        pid = found["State"]["Pid"]
        if pid:
            try:
                root = os.open(f"/proc/{pid}/root", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
            except (FileNotFoundError, ProcessLookupError):
                return _from_archive(api, found["Id"], probe)
            try:
                handle = _open_in_root(root, probe.path)
            except OSError as error:
                # ENXIO: a socket, which cannot be opened (open(2)).
                if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENXIO):
                    return ContainerFileReading(exists=False)
                raise
            finally:
                os.close(root)
            try:
                return _describe(handle, probe.limit)
            finally:
                os.close(handle)
        return _from_archive(api, found["Id"], probe)


def _from_archive(api: Api, container: str, probe: ContainerFileProbe) -> ContainerFileReading:
    """What a stopped container's path holds; links are followed as far as the engine resolves."""
    try:
        stream, about = api.get_archive(container, probe.path)
        if about["mode"] & _GO_LINK and about["linkTarget"]:
            stream.close()
            stream, about = api.get_archive(container, about["linkTarget"])
    except docker.errors.NotFound:
        return ContainerFileReading(exists=False)
    with closing(stream), tarfile.open(fileobj=_Bytes(iter(stream)), mode="r|") as archive:
        first = archive.next()
        if first is None:
            return ContainerFileReading(exists=False)
        facts: dict[str, Any] = {
            "size": first.size,
            "mode": stat.S_IMODE(first.mode),
            "uid": first.uid,
            "gid": first.gid,
            "modified_at": float(first.mtime),
        }
        if about["mode"] & _GO_DIRECTORY:
            names: set[str] = set()
            for member in archive:
                inner = member.name.rstrip("/").split("/")[1:]
                if inner:
                    names.add(inner[0])
                if len(names) >= _MAX_ENTRIES:
                    break
            return ContainerFileReading(kind="directory", entries=tuple(sorted(names)), **facts)
        content = archive.extractfile(first) if first.isreg() else None
        if content is None:
            return ContainerFileReading(kind="other", **facts)
        return ContainerFileReading(
            text=content.read(probe.limit).decode(errors="replace"), **facts
        )


class _Bytes(io.RawIOBase):
    """A file to read from, over an iterator of byte strings."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._rest = b""

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        while size < 0 or len(self._rest) < size:
            chunk = next(self._chunks, b"")
            if not chunk:
                break
            self._rest += chunk
        end = len(self._rest) if size < 0 else size
        data, self._rest = self._rest[:end], self._rest[end:]
        return data
