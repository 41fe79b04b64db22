"""Ask the bench what is there, and make a picture of the answers."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from lab_engine.errors import InfralabError
from lab_engine.families.drawing import Ask, Parts, Picture, Questions
from lab_engine.families.family import Family
from lab_engine.families.registry import FAMILIES


async def _read(family: Family, questions: Questions, parts: Parts) -> None:
    try:
        await family.picture()(questions, parts)
    except InfralabError as error:
        if error.message not in questions.troubles:
            questions.troubles.append(error.message)
    # A fault of one family's drawing would end the reading, and the picture stand still unsaid.
    except Exception as error:
        questions.troubles.append(f"{family.name} cannot be drawn: {error!r}")


class PictureReader:
    """Reads one picture after the other; each knows what changed since the one before."""

    def __init__(self) -> None:
        self._before: Picture | None = None

    async def read(self, ask: Ask, daemons: Sequence[str]) -> Picture:
        """What is there now. `daemons` are those that the step needs: the others are not woken."""
        questions, parts = Questions(ask), Parts()
        drawn = [one for one in FAMILIES.values() if one.drawn]
        woken = [one for one in drawn if one.name in daemons]
        await asyncio.gather(*(_read(one, questions, parts) for one in woken))
        # The kernel's things come last: they leave out what a daemon's thing stands for.
        for one in drawn:
            if one.daemon is None:
                await _read(one, questions, parts)
        known = set(parts.nodes)
        picture = Picture(
            tuple(parts.nodes.values()),
            tuple(edge for edge in parts.edges if {edge.place, edge.to} <= known),
            troubles=tuple(questions.troubles),
        )
        self._before = picture.since(self._before)
        return self._before
