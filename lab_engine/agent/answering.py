"""One probe to its answer: by the bench's agent, and at grading by the verifier beside it."""

from __future__ import annotations

import logging
from typing import Any

import msgspec

from lab_engine import protocol as p
from lab_engine.agent import journals
from lab_engine.agent.genuine import require_genuine
from lab_engine.agent.pools import Pools
from lab_engine.agent.readers import reader
from lab_engine.common.probe import Probe
from lab_engine.errors import InfralabError
from lab_engine.families.registry import FAMILIES

log = logging.getLogger(__name__)


async def answered(probe: Probe[Any], pools: Pools, *, journal: bool = True) -> p.Answer:
    """Ask, in the threads of the probe's family. What goes wrong is in the answer.

    Without `journal` none is begun: it is one file in the bench, which one process writes.
    """
    try:
        family, answer = reader(probe)

        def asked() -> msgspec.Struct:
            require_genuine(FAMILIES[family])
            if journal:
                journals.keep(FAMILIES[family])
            return answer(probe)

        limit = FAMILIES[family].answer_seconds
        reading = await pools.run(family, limit, f"the probe {probe.name()}", asked)
    except InfralabError as error:
        return p.Answer(problem=error.message, hint=error.hint)
    except Exception as error:
        log.exception("the probe %s broke", probe)
        return p.Answer(
            problem=f"the probe {probe.name()} broke: {type(error).__name__}: {error}",
            hint="This is a fault of infralab, not yours. Please report it.",
        )
    return p.Answer(msgspec.Raw(msgspec.json.encode(reading)))
