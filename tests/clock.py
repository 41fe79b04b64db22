"""Hypothesis without its clock: how long an example takes says how busy the machine is."""

from __future__ import annotations

from hypothesis import settings

in_any_time = settings(deadline=None)
