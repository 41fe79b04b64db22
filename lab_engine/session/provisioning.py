"""What of a step stands in the bench: made, put away, undone (client side).

Each call is several requests to the agent, in the one order in which a client that is killed
between two of them leaves a bench that can be taken up. What is recorded of it is the session's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lab_engine import protocol as p
from lab_engine.bench.connection import OnNotice
from lab_engine.errors import DaemonDown
from lab_engine.session.attachment import Attachment

PRISTINE = "pristine"
"""The baseline of the bench as it was before its first step."""
STEP = "step"
"""The baseline of the step at hand, as it was when all was there and nobody had worked yet."""


def put_away(step: str) -> str:
    """The folder of the home for the work of a step that is left."""
    return f"work-{step}"


class Provisioning:
    """The bench of one session. Raises what the agent answers with, AgentLost when it went."""

    def __init__(self, attached: Attachment) -> None:
        self._attached = attached

    async def start(self, daemons: Sequence[str], on_notice: OnNotice = lambda _: None) -> None:
        """What a stopped daemon keeps can neither be seen nor undone."""
        await self._attached.ask(
            p.StartDaemons, dict[str, bool], daemons=tuple(daemons), on_notice=on_notice
        )

    async def _revive(self, daemons: Sequence[str], name: str, on_notice: OnNotice) -> None:
        """Start them, and if one does not, once more with the files that the baseline has.

        A slip in its settings keeps a daemon from starting, and is among what is to be undone.
        """
        try:
            await self.start(daemons, on_notice)
        except DaemonDown:
            await self._attached.ask(p.PutBack, type(None), name=name)
            await self.start(daemons, on_notice)

    async def pristine(self) -> None:
        """Remember the bench before its first step."""
        await self._attached.ask(p.TakeBaseline, int, name=PRISTINE)

    async def clean(self, daemons: Sequence[str], leaving: str, on_notice: OnNotice) -> str:
        """The bench as before its first step.

        `daemons` are those of the step that is left, too. With the name of that step in `leaving`
        the learner's files stay: those of the work folder are put away. Returns the folder that
        they lie in now, or "" when there were none.
        """
        kept: list[str] = []
        if leaving:
            # Copies only, and first: a daemon that does not start gets its settings back.
            kept = await self._attached.ask(p.PutAway, list[str], name=put_away(leaving))
        await self._revive(daemons, PRISTINE, on_notice)
        # From here on the bench is in no step; a client that takes it up then begins it again.
        await self._attached.ask(p.Forget, type(None), name=STEP)
        # What the learner made may use what we made, so it goes first.
        await self._attached.ask(
            p.Undo, p.Difference, name=PRISTINE, spare=bool(leaving), on_notice=on_notice
        )
        await self._attached.ask(p.Teardown, list[str], on_notice=on_notice)
        return kept[0] if kept else ""

    async def build(
        self, daemons: Sequence[str], resources: tuple[Any, ...], on_notice: OnNotice
    ) -> None:
        """Have what the step needs; what is there already stays."""
        await self.start(daemons, on_notice)
        await self._attached.ask(
            p.Provision, p.ProvisionReport, resources=resources, on_notice=on_notice
        )

    async def baseline(self) -> None:
        """The bench as it is now is the step's start: `undo` comes back to this."""
        await self._attached.ask(p.TakeBaseline, int, name=STEP)

    async def undo(
        self, daemons: Sequence[str], resources: tuple[Any, ...], on_notice: OnNotice
    ) -> p.Difference:
        """Back to the step's start. Returns what could not be brought back."""
        await self._revive(daemons, STEP, on_notice)
        return await self._attached.ask(
            p.Undo, p.Difference, name=STEP, resources=resources, on_notice=on_notice
        )
