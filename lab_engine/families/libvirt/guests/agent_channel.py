"""Talk to the QEMU guest agent inside a VM, through libvirt.

Commands: https://www.qemu.org/docs/master/interop/qemu-ga-ref.html. The channel carries one command
at a time, so each call here asks little and has a time limit.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import time
from collections.abc import Sequence
from typing import Any, Final

import libvirt
import libvirt_qemu
import msgspec

from lab_engine.errors import ProviderError

OUTPUT_LIMIT: Final = 64 << 10
FILE_LIMIT: Final = 1 << 20
CALL_SECONDS: Final = 5
_SILENT: Final = (
    libvirt.VIR_ERR_AGENT_UNRESPONSIVE,
    libvirt.VIR_ERR_AGENT_UNSYNCED,
    # Of a guest whose agent is there, and gets no processor in time.
    libvirt.VIR_ERR_AGENT_COMMAND_TIMEOUT,
    # What libvirt says of a domain that does not run.
    libvirt.VIR_ERR_OPERATION_INVALID,
    libvirt.VIR_ERR_NO_DOMAIN,
    libvirt.VIR_ERR_OPERATION_TIMEOUT,
)


class GuestSilent(ProviderError):
    """The guest agent does not answer: the VM is off, still boots, or the agent was stopped."""


class GuestRefused(ProviderError):
    """The guest agent answered that it cannot do what was asked."""


class GuestResult(msgspec.Struct, frozen=True):
    """A command's end. `signal` is not 0 when one ended it; texts are cut at 64 KiB each."""

    code: int
    out: str
    err: str
    signal: int = 0
    cut: bool = False


class GuestInterface(msgspec.Struct, frozen=True):
    """A network card as the guest sees it; `addresses` as `10.0.0.2/24`."""

    name: str
    mac: str
    addresses: tuple[str, ...]


# Domain's UUID to the numbers of what was begun in it and given up, and may still run. Shared by
# all channels of this process: a check asks again and again, each time over one of its own.
_LEFT: Final[dict[str, set[int]]] = {}


class AgentChannel:
    """The guest agent of one domain (a `libvirt.virDomain`)."""

    def __init__(self, domain: Any) -> None:
        self._domain = domain

    def command(self, name: str, arguments: dict[str, object] | None = None,
                seconds: int = CALL_SECONDS) -> Any:  # fmt: skip
        """One agent command's `return`.

        Raises:
            GuestSilent: no answer in time.
            GuestRefused: the agent says that it cannot.
        """
        request: dict[str, object] = {"execute": name}
        if arguments:
            request["arguments"] = arguments
        try:
            answer = libvirt_qemu.qemuAgentCommand(
                self._domain, msgspec.json.encode(request).decode(), seconds, 0
            )
        except libvirt.libvirtError as error:
            vm = self._domain.name()
            if error.get_error_code() in _SILENT:
                raise GuestSilent(
                    f"the guest agent in VM {vm} does not answer",
                    hint=f"`virsh console {vm}` shows whether the guest has booted.",
                ) from error
            raise GuestRefused(f"the guest agent in VM {vm} refused {name}: {error}") from error
        return msgspec.json.decode(answer)["return"]

    def answers(self, seconds: int = 1) -> bool:
        """Whether the agent replies to a ping."""
        try:
            self.command("guest-ping", seconds=seconds)
        except GuestSilent:
            return False
        return True

    def wait(self, seconds: float) -> bool:
        """Wait until the agent replies; False when it did not in time."""
        deadline = time.monotonic() + seconds
        while not self.answers():
            if time.monotonic() > deadline or not self._domain.isActive():
                return False
            # As long as the guest has not opened its port, libvirt refuses at once, without using
            # up the ping's second.
            time.sleep(0.03)
        return True

    def run(
        self,
        command: Sequence[str],
        *,
        seconds: float = 10,
        stdin: bytes = b"",
        environment: Sequence[str] = (),
    ) -> GuestResult:
        """Run a command as root in the guest and wait for its end.

        Args:
            command: the program and its arguments; looked up in the agent's PATH.
            seconds: how long it may take. A command that is still running then is killed.
            stdin: its standard input.
            environment: its whole environment as `NAME=value`; empty inherits the agent's.

        Raises:
            GuestSilent: no answer, or the command did not end in time.
            GuestRefused: the program does not exist or cannot be started.
        """
        deadline = time.monotonic() + seconds
        arguments: dict[str, object] = {
            "path": command[0], "arg": list(command[1:]), "capture-output": True,
        }  # fmt: skip
        if stdin:
            arguments["input-data"] = base64.b64encode(stdin).decode()
        if environment:
            arguments["env"] = list(environment)
        left = _LEFT.setdefault(self._domain.UUIDString(), set())
        self._end(left)
        pid = self.command("guest-exec", arguments)["pid"]
        pause = 0.005
        try:
            while True:
                status = self.command("guest-exec-status", {"pid": pid})
                if status["exited"]:
                    return _result(status)
                if time.monotonic() > deadline:
                    self._kill(pid)
                    raise GuestSilent(
                        f"{command[0]} in VM {self._domain.name()} did not end within {seconds:g} s"
                    )
                time.sleep(pause)
                # Most commands end in milliseconds; a long one is not asked after 200 times a
                # second.
                pause = min(pause * 1.2, 0.2)
        except GuestSilent:
            left.add(pid)
            raise

    def _end(self, left: set[int]) -> None:
        """End what earlier calls had to leave. Raises GuestSilent while the guest is that busy."""
        for pid in sorted(left):
            try:
                ended = bool(self.command("guest-exec-status", {"pid": pid})["exited"])
            except GuestRefused:
                # Another agent than the one that began it: the guest was started anew.
                ended = True
            if ended:
                left.discard(pid)
            else:
                self._kill(pid)

    def _kill(self, pid: int) -> None:
        """End what guest-exec began. The agent has no command for it (qemu-ga-ref), a shell has.

        A check asks again and again: what stays would take the guest's time, until nothing is
        answered in time any more.
        """
        with contextlib.suppress(GuestSilent, GuestRefused):
            self.command("guest-exec", {"path": "/bin/sh", "arg": ["-c", f"kill -9 {pid}"]})

    def script(
        self, text: str, *arguments: str, seconds: float = 30, stdin: bytes = b""
    ) -> GuestResult:
        """Run a shell script as root in the guest, with a full PATH."""
        path = "export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n"
        return self.run(
            ["/bin/sh", "-c", path + text, "sh", *arguments], seconds=seconds, stdin=stdin
        )

    def read_file(self, path: str, limit: int = FILE_LIMIT) -> bytes | None:
        """The first `limit` bytes of a file in the guest; None when it cannot be opened."""
        try:
            handle = self.command("guest-file-open", {"path": path, "mode": "r"})
        except GuestRefused:
            return None
        data = b""
        try:
            while len(data) < limit:
                # In parts: libvirt's protocol carries strings of at most 4 MiB
                # (VIR_NET_MESSAGE_STRING_MAX in virnetprotocol.x), and base64 adds a third.
                part = self.command(
                    "guest-file-read", {"handle": handle, "count": min(limit - len(data), 1 << 18)}
                )
                data += base64.b64decode(part.get("buf-b64", ""))
                if part["eof"] or not part["count"]:
                    break
        except GuestRefused:
            return None
        finally:
            # The guest agent keeps a file open until it is told otherwise.
            self.command("guest-file-close", {"handle": handle})
        return data

    def write_file(self, path: str, data: bytes) -> None:
        """Write a few KiB into a file or a named pipe that is read. Raises GuestRefused."""
        handle = self.command("guest-file-open", {"path": path, "mode": "w"})
        try:
            text = base64.b64encode(data).decode()
            self.command("guest-file-write", {"handle": handle, "buf-b64": text})
        finally:
            # What was written is only then on its way.
            self.command("guest-file-close", {"handle": handle})

    def interfaces(self) -> tuple[GuestInterface, ...]:
        """The guest's network cards, without lo."""
        return tuple(
            GuestInterface(
                card["name"],
                card.get("hardware-address", ""),
                tuple(
                    f"{address['ip-address']}/{address['prefix']}"
                    for address in card.get("ip-addresses", ())
                ),
            )
            for card in self.command("guest-network-get-interfaces")
            if card["name"] != "lo"
        )


def _result(status: dict[str, Any]) -> GuestResult:
    texts: list[str] = []
    cut = bool(status.get("out-truncated") or status.get("err-truncated"))
    for name in ("out-data", "err-data"):
        try:
            data = base64.b64decode(status.get(name, ""))
        except binascii.Error:
            data = b""
        cut = cut or len(data) > OUTPUT_LIMIT
        texts.append(data[:OUTPUT_LIMIT].decode(errors="replace"))
    signal = int(status.get("signal", 0))
    # The agent gives a code or a signal, never both; 128 + N is how a shell tells of the latter.
    code = int(status.get("exitcode", 128 + signal))
    return GuestResult(code, texts[0], texts[1], signal, cut)
