"""Answers probes (runs as root in a bench): `python -m tests.families.asked JSON`, on one line."""

from __future__ import annotations

import sys

import msgspec

from lab_engine.agent.readers import reader
from lab_engine.common.probe import Answer, Probe
from lab_engine.families.registry import AnyProbe


def answer(probe: Probe[msgspec.Struct]) -> Answer:
    _, read = reader(probe)
    return Answer(msgspec.Raw(msgspec.json.encode(read(probe))))


if __name__ == "__main__":
    probes = msgspec.json.decode(sys.argv[1], type=tuple[AnyProbe, ...])
    print(msgspec.json.encode([answer(probe) for probe in probes]).decode())
