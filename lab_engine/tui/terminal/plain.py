"""The plain terminal, lent to a program."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Sequence
from typing import Any

from textual.app import App


async def plain_terminal(app: App[Any], argv: Sequence[str]) -> None:
    """Give the terminal to a program until it ends."""
    with app.batch_update(), app.suspend():
        print("The plain terminal. F12 goes back to infralab.", flush=True)  # noqa: T201
        # In a thread: the checks go on meanwhile, and the agent is to be listened to.
        await asyncio.to_thread(subprocess.call, list(argv))
    app.refresh(layout=True)
