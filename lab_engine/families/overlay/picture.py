"""Overlay mounts, as parts of the picture: each with its folders, topmost first."""

from __future__ import annotations

from pathlib import PurePosixPath

from lab_engine.families.drawing import Node, Parts, Questions
from lab_engine.families.overlay.probes import OverlaysProbe


async def read(questions: Questions, parts: Parts) -> None:
    """Add the overlays; the state says whether there is a layer to write to."""
    (there,) = await questions.all([OverlaysProbe()])
    for one in there.overlays if there else ():
        facts = [("mounted at", one.target)]
        facts += [("writes go to", one.upper)] if one.upper else []
        facts += [(f"below, {at}", folder) for at, folder in enumerate(one.lower, 1)]
        layers = len(one.lower) + bool(one.upper)
        state = f"{layers} folders, {'writable' if one.upper else 'read-only'}"
        name = PurePosixPath(one.target).name
        parts.add(Node(f"overlay/{one.target}", "overlay", name, state, True, tuple(facts)))
