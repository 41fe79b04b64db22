"""Ask the bench what is there, and make a picture of the answers."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from lab_engine.errors import InfralabError
from lab_engine.families.drawing import Ask, Parts, Picture, Questions
from lab_engine.families.registry import FAMILIES


class PictureReader:
    """Reads one picture after the other; each knows what changed since the one before."""

    def __init__(self) -> None:
        self._before: Picture | None = None

    async def read(self, ask: Ask, daemons: Sequence[str]) -> Picture:
        """What is there now. `daemons` are those that the step needs: the others are not woken."""
        questions, parts = Questions(ask), Parts()
        drawn = [one for one in FAMILIES.values() if one.drawn]
        woken = [one for one in drawn if one.name in daemons]
        try:
            await asyncio.gather(*(one.picture()(questions, parts) for one in woken))
            # The kernel's things come last: they leave out what a daemon's thing stands for.
            for one in drawn:
                if one.daemon is None:
                    await one.picture()(questions, parts)
        except InfralabError as error:
            questions.troubles.append(error.message)
        known = set(parts.nodes)
        picture = Picture(
            tuple(parts.nodes.values()),
            tuple(edge for edge in parts.edges if {edge.place, edge.to} <= known),
            troubles=tuple(questions.troubles),
        )
        self._before = picture.since(self._before)
        return self._before
