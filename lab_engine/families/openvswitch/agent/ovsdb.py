"""The way to Open vSwitch's database: JSON-RPC on its Unix socket (RFC 7047).

A connection is made for each look: on a Unix socket that takes less than a tenth of a millisecond,
and none is left that the server would have to be answered on (its `echo`, section 4.1.11).
"""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

from lab_engine.common.patience import patient
from lab_engine.errors import DaemonDown, ProviderError
from lab_engine.families.openvswitch.family import FAMILY
from lab_engine.kernel import processes

DATABASE: Final = "Open_vSwitch"
SECONDS: Final = 8.0
"""How long the database may take over an answer, and ovs-vswitchd over doing what it says."""
SETTLE_SECONDS: Final = 0.005
_BUFFER: Final = 1 << 16

Row = dict[str, Any]
Operation = dict[str, Any]


class RefusedError(Exception):
    """The database did not do what was asked; its text says why."""


class Connection:
    """One connection. Raises OSError when the server does not answer in time."""

    def __init__(self, seconds: float) -> None:
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(seconds)
        self._decoder = json.JSONDecoder()
        self._bytes = b""
        try:
            self.socket.connect(_socket())
        except OSError:
            self.socket.close()
            raise

    def close(self) -> None:
        self.socket.close()

    def receive(self) -> dict[str, Any]:
        """The next message. They follow each other without anything between them."""
        while True:
            if self._bytes:
                try:
                    text = self._bytes.decode()
                    message, end = self._decoder.raw_decode(text)
                except ValueError:
                    # Not whole yet, or cut within a character.
                    pass
                else:
                    self._bytes = text[end:].lstrip().encode()
                    if message.get("method") == "echo":
                        self._send({"result": message["params"], "error": None, **_id(message)})
                        continue
                    return dict(message)
            more = self.socket.recv(_BUFFER)
            if not more:
                raise ConnectionResetError("the database closed the connection")
            self._bytes += more

    def call(self, method: str, *params: Any) -> Any:
        """The result of a call. Raises RefusedError."""
        self._send({"method": method, "params": params, "id": 0})
        # What changed for a `monitor` may come before the answer (section 4.1.6).
        while (answer := self.receive()).get("id") != 0:
            pass
        if answer.get("error"):
            raise RefusedError(str(answer["error"]))
        return answer["result"]

    def transact(self, *operations: Operation) -> list[Any]:
        """All of the operations or none (section 5.2); their results. Raises RefusedError."""
        results: list[Any] = self.call("transact", DATABASE, *operations)
        for result in results:
            # One more than there are operations when the whole breaks a constraint.
            if result and "error" in result:
                raise RefusedError(
                    ": ".join((result["error"], result.get("details") or "no details"))
                )
        return results

    def rows(self, *tables: str) -> list[dict[str, Row]]:
        """All rows of each table as they are at one moment, by their `_uuid`."""
        results = self.transact(*({"op": "select", "table": one, "where": []} for one in tables))
        return [{uuid_of(row["_uuid"]): row for row in result["rows"]} for result in results]

    def change(self, *operations: Operation) -> None:
        """Do it, and wait until ovs-vswitchd has made it true.

        As ovs-vsctl(8) does: `next_cfg` goes up with a change, and ovs-vswitchd copies it to
        `cur_cfg` when it has done all up to there. Raises TimeoutError when that takes too long.
        """
        # No condition in either: the table has one row (ovs-vswitchd.conf.db(5), Open_vSwitch).
        count = {
            "op": "mutate",
            "table": DATABASE,
            "where": [],
            "mutations": [["next_cfg", "+=", 1]],
        }
        ask = {"op": "select", "table": DATABASE, "where": []}
        *_, found = self.transact(*operations, count, {**ask, "columns": ["next_cfg"]})
        wanted = found["rows"][0]["next_cfg"]
        deadline = time.monotonic() + patient(SECONDS)
        while True:
            (found,) = self.transact({**ask, "columns": ["cur_cfg"]})
            if found["rows"][0]["cur_cfg"] >= wanted:
                return
            if time.monotonic() > deadline:
                raise TimeoutError("ovs-vswitchd does not do what its database says")
            time.sleep(SETTLE_SECONDS)

    def _send(self, message: Mapping[str, Any]) -> None:
        self.socket.sendall(json.dumps(message).encode())


def _id(message: Mapping[str, Any]) -> dict[str, Any]:
    return {"id": message.get("id")}


def _socket() -> str:
    return FAMILY.daemon.socket if FAMILY.daemon else ""


def lives() -> bool:
    """Whether ovs-vswitchd runs. The database answers without it, with what was true before."""
    return FAMILY.daemon is not None and processes.of_pidfile(FAMILY.daemon.pidfile) is not None


@contextmanager
def asking(what: str, resource: str = "") -> Iterator[Connection]:
    """A connection, with errors of ours. `what` completes "when asked to".

    Raises DaemonDown when the database or ovs-vswitchd does not answer, ProviderError when it
    refuses.
    """
    try:
        if not lives():
            raise ConnectionRefusedError("ovs-vswitchd does not run")
        connection = Connection(patient(SECONDS))
        try:
            yield connection
        finally:
            connection.close()
    except RefusedError as error:
        raise ProviderError(
            f"Open vSwitch refused to {what}: {error}",
            resource=resource,
            hint="`sudo ovs-vsctl show` lists what it has.",
        ) from error
    except OSError as error:
        raise DaemonDown(
            f"Open vSwitch in the bench did not answer when asked to {what} ({error})",
            daemon=FAMILY.name,
        ) from error


def uuid_of(value: Any) -> str:
    """The text of a `["uuid", text]`."""
    return str(value[1])


def members(value: Any) -> tuple[Any, ...]:
    """What a column holds that may have any number of values: a set of one is the bare value."""
    if isinstance(value, list) and value[:1] == ["set"]:
        return tuple(value[1])
    return (value,)


def only(value: Any, default: Any = "") -> Any:
    """The value of a column that may be empty."""
    return next(iter(members(value)), default)


def pairs(value: Any) -> dict[str, Any]:
    """What a column that is a map holds."""
    return dict(value[1])


def a_set(values: Sequence[Any]) -> list[Any]:
    return ["set", list(values)]


def a_map(values: Mapping[str, Any]) -> list[Any]:
    return ["map", [[name, value] for name, value in values.items()]]


def row_is(uuid: str) -> list[list[Any]]:
    """The condition that picks this row."""
    return [["_uuid", "==", ["uuid", uuid]]]


def insert(table: str, name: str, row: Row) -> Operation:
    """A new row, called `name` within the transaction."""
    return {"op": "insert", "table": table, "uuid-name": name, "row": row}


def new(name: str) -> list[str]:
    """A reference to the row that the same transaction inserts."""
    return ["named-uuid", name]


def join(table: str, where: list[list[Any]], column: str, member: list[str]) -> Operation:
    """Put a row into a set of another."""
    change = [column, "insert", ["set", [member]]]
    return {"op": "mutate", "table": table, "where": where, "mutations": [change]}


def part(table: str, where: list[list[Any]], column: str, uuid: str) -> Operation:
    """Take a row out of a set; it goes with all it holds when nothing else refers to it."""
    change = [column, "delete", ["set", [["uuid", uuid]]]]
    return {"op": "mutate", "table": table, "where": where, "mutations": [change]}
