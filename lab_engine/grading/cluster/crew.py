"""Which workers of a cluster are fit for a batch, and how much room they have.

A worker is looked at before it is given anything, also one that comes later. One that is not fit is
told of in words, once, and looked at again now and then: somebody may have mended it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final

from lab_engine.common import tasks
from lab_engine.common.patience import patient
from lab_engine.errors import InfralabError
from lab_engine.grading.batch import isolation
from lab_engine.grading.cluster import at_worker
from lab_engine.grading.cluster.messages import BENCH, MEMORY, Found, Terms, decode, encode
from lab_engine.shown import shown

Say = Callable[[str], None]

ROUND_SECONDS: Final = 2.0
AGAIN_SECONDS: Final = 60.0
"""After these a worker that was not fit is looked at again."""
LOOK_SECONDS: Final = 180.0
"""For a worker to say whether it is fit: it reads the course and asks its engine."""
WAIT_SECONDS: Final = 600.0
"""Without any fit worker, in the midst of a batch; `FIRST_SECONDS` at its begin."""
FIRST_SECONDS: Final = 30.0
START: Final = (
    "On each machine that shall grade: `infralab worker {address}`. It offers benches to the "
    "scheduler, which plain `dask worker` does only with --resources 'bench=2 memory=8000000000'."
)


@dataclass(frozen=True, slots=True)
class Fit:
    """A worker that may be given lessons, `room` at once."""

    name: str
    room: int


@dataclass(frozen=True, slots=True)
class Unfit:
    name: str
    why: str
    hint: str
    again: float
    """When it is looked at again, in the loop's time."""


class Crew:
    """Open it with `gathered`."""

    def __init__(self, client: Any, address: str, terms: Terms, say: Say, look: Any) -> None:
        self._client, self._terms, self._say, self._look = client, terms, say, look
        self._start = START.format(address=address)
        self._fit: dict[str, Fit] = {}
        self.unfit: dict[str, Unfit] = {}
        self._busy = 0
        self._changed = asyncio.Condition()

    @property
    def room(self) -> int:
        return sum(one.room for one in self._fit.values())

    def knows(self, address: str) -> bool:
        return address in self._fit

    async def round(self) -> None:
        """Look at who has come and who has gone."""
        found = await self._client.scheduler.identity(n_workers=-1)
        there: dict[str, Any] = found["workers"]
        now = asyncio.get_running_loop().time()
        for address in [one for one in self._fit if one not in there]:
            self._say(f"the worker {self._fit.pop(address).name} has gone")
        for address in [one for one in self.unfit if one not in there]:
            del self.unfit[address]
        new = [
            address
            for address, one in there.items()
            if one.get("status") == "running"
            and address not in self._fit
            and (address not in self.unfit or self.unfit[address].again <= now)
        ]
        await asyncio.gather(*(self._meet(address, there[address]) for address in new))
        async with self._changed:
            self._changed.notify_all()

    async def _meet(self, address: str, told: Any) -> None:
        name = shown(str(told.get("name", address)))
        resources = told.get("resources") or {}
        benches = int(min(resources.get(BENCH, 0), told.get("nthreads", 1)))
        room = min(benches, int(resources.get(MEMORY, 0)) // self._terms.memory)
        if not benches:
            self.refuse(address, name, "it offers no benches", self._start)
            return
        if not room:
            need = f"{self._terms.memory >> 20} MiB"
            why = f"it offers less than the {need} of memory that a bench has"
            self.refuse(address, name, why, "Lower the setting bench_memory here.")
            return
        found = await self._ask(address)
        if found.why:
            self.refuse(address, name, found.why, found.hint)
            return
        self.unfit.pop(address, None)
        self._fit[address] = Fit(name, room)
        benches_ = "1 bench" if room == 1 else f"{room} benches"
        self._say(f"the worker {name} grades {isolation.told(found.isolation)}, {benches_} at once")

    async def _ask(self, address: str) -> Found:
        try:
            async with asyncio.timeout(patient(LOOK_SECONDS)):
                answers = await self._client.run(
                    self._look, encode(self._terms), workers=[address], on_error="return"
                )
        except TimeoutError:
            return Found(f"it gave no answer in {patient(LOOK_SECONDS):.0f} s")
        answer = answers.get(address)
        if isinstance(answer, bytes):
            try:
                return decode(answer, Found)
            except InfralabError as error:
                return Found(error.message, error.hint)
        # Dask may hand over no more of an error than its words.
        if any(name in repr(answer) for name in ("ImportError", "ModuleNotFoundError")):
            return Found(
                f"infralab cannot be used there: {answer}",
                "Install the same version of infralab in the Python that runs the worker.",
            )
        if answer is None:
            return Found("it has gone")
        return Found(f"it cannot say whether it is fit: {type(answer).__name__}: {answer}")

    def refuse(self, address: str, name: str, why: str, hint: str = "") -> None:
        """Do not use a worker for now."""
        again = asyncio.get_running_loop().time() + AGAIN_SECONDS
        before = self.unfit.get(address)
        if before is None or before.why != why:
            self._say(f"the worker {name} is not used: {why}")
            if hint:
                self._say(f"  {hint}")
        self._fit.pop(address, None)
        self.unfit[address] = Unfit(name, why, hint, again)

    def disappoint(self, address: str, why: str) -> None:
        """A fit worker was none after all."""
        if found := self._fit.get(address):
            self.refuse(address, found.name, why)

    @asynccontextmanager
    async def place(self) -> AsyncIterator[list[str]]:
        """Room for one lesson; gives the addresses of those that may do it.

        Raises InfralabError when nobody has been fit for long.
        """
        async with self._changed:
            while self._busy >= self.room:
                await self._wait()
            self._busy += 1
        try:
            yield list(self._fit)
        finally:
            self._busy -= 1
            # Not awaited: this may be the end of a cancelled batch, where nobody waits for a place.
            tasks.begin(self._tell())

    async def _tell(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    async def _wait(self) -> None:
        if self.room:
            await self._changed.wait()
            return
        minutes = patient(WAIT_SECONDS) / 60
        self._say(f"no worker is left; waiting for one, {minutes:.0f} min at most")
        try:
            async with asyncio.timeout(patient(WAIT_SECONDS)):
                while not self.room:
                    await self._changed.wait()
        except TimeoutError:
            raise self.nobody() from None

    def nobody(self) -> InfralabError:
        """That there is no fit worker, with every reason."""
        if not self.unfit:
            return InfralabError(
                "no worker is connected to the scheduler",
                hint=self._start,
            )
        reasons = "; ".join(f"{one.name}: {one.why}" for one in self.unfit.values())
        hints = dict.fromkeys(one.hint for one in self.unfit.values() if one.hint)
        return InfralabError(
            f"no worker of the cluster can grade this: {reasons}", hint="\n".join(hints)
        )


@asynccontextmanager
async def gathered(
    client: Any,
    address: str,
    terms: Terms,
    say: Say = lambda _: None,
    look: Any = at_worker.look,
) -> AsyncIterator[Crew]:
    """A crew of which one worker at least is fit; it is looked after until the end.

    Args:
        client: as `scheduler.connected` gives it.
        address: the scheduler's.
        terms: of the batch.
        say: told who is used, who is not and why, who has gone.
        look: what a worker is asked with.

    Raises InfralabError when none is fit.
    """
    crew = Crew(client, address, terms, say, look)
    loop = asyncio.get_running_loop()
    until = loop.time() + patient(FIRST_SECONDS)
    await crew.round()
    while not crew.room:
        if crew.unfit or loop.time() > until:
            raise crew.nobody()
        await asyncio.sleep(ROUND_SECONDS)
        await crew.round()

    async def rounds() -> None:
        while True:
            await asyncio.sleep(ROUND_SECONDS)
            # A scheduler that is away is noticed by those who wait for a result.
            with suppress(OSError, TimeoutError):
                await crew.round()

    watching = tasks.begin(rounds())
    try:
        yield crew
    finally:
        await tasks.end(watching)
