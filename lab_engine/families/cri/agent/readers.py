"""Answers about pods (agent side)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from lab_engine.common.probe import Probe
from lab_engine.families.cri import probes as s
from lab_engine.families.cri.agent import crictl


def read_pods(_: s.CriProbe) -> s.CriReading:
    return s.CriReading(tuple(crictl.pods()))


READERS: dict[type[Probe[Any]], Callable[[Any], msgspec.Struct]] = {s.CriProbe: read_pods}
