"""Interfaces removed together.

The kernel waits some 20 ms for readers of the old tables on each removal, however many interfaces
go at once. So those that several threads want gone at one moment are put in one group (the number
that `ip link set group` gives), and the group is removed.
"""

from __future__ import annotations

import itertools
import os
import threading
from concurrent.futures import Future

from lab_engine.families.netlink.agent import requests
from lab_engine.families.netlink.agent.rtnl import SECONDS, Rtnl, rtnl

_GROUPS = itertools.count(0x80000000 | int.from_bytes(os.urandom(2), "big") << 12)
"""Numbers that nobody else is likely to use; the default group is 0."""


class _Queue:
    """The interfaces of one namespace that wait for removal."""

    def __init__(self) -> None:
        self.waiting: list[tuple[int, Future[None]]] = []
        self.busy = False


_queues: dict[int, _Queue] = {}
_lock = threading.Lock()


def remove_link(descriptor: int | None, index: int) -> None:
    """Remove the interface with that index from a namespace. One that is gone already is fine.

    Raises Refused, or TimeoutError when the kernel does not answer.
    """
    place = os.fstat(descriptor).st_ino if descriptor is not None else 0
    done: Future[None] = Future()
    with _lock:
        queue = _queues.setdefault(place, _Queue())
        queue.waiting.append((index, done))
        leads = not queue.busy
        queue.busy = True
    if leads:
        _work_off(descriptor, place, queue)
    # A batch may be at work, then comes the one with this in it.
    done.result(timeout=3 * SECONDS)


def _work_off(descriptor: int | None, place: int, queue: _Queue) -> None:
    while True:
        with _lock:
            batch, queue.waiting = queue.waiting, []
            if not batch:
                # Under the lock: who comes later finds no queue, and leads one of its own.
                del _queues[place]
                return
        try:
            with rtnl(descriptor) as connection:
                _remove(connection, [index for index, _ in batch])
        except OSError as error:
            for _, done in batch:
                done.set_exception(error)
        else:
            for _, done in batch:
                done.set_result(None)


def _remove(connection: Rtnl, indexes: list[int]) -> None:
    if len(indexes) == 1:
        asked = [requests.remove_link(indexes[0])]
    else:
        group = next(_GROUPS)
        asked = [requests.change_link(index, ("IFLA_GROUP", group)) for index in indexes]
        asked.append(requests.remove_group(group))
    # Of a pair the other end goes too, and in a batch it may have been named before.
    connection.remove(*asked)
