"""A class as a folder of the instructor's: its key, its roster, its gradebook."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from lab_engine.common import ordinary, replacing
from lab_engine.errors import InfralabError, UsageError
from lab_engine.grading import ticket
from lab_engine.grading.assignment.terms import Assignment
from lab_engine.grading.roster import seeds
from lab_engine.grading.roster.learner import Roster

ROSTER: Final = "roster.json"
GRADEBOOK: Final = "gradebook.sqlite"
LONGEST: Final = 64 << 20


@dataclass(frozen=True, slots=True)
class Classroom:
    """Make one with `new`, or open one with `at`."""

    folder: Path

    @classmethod
    def new(cls, folder: Path) -> Classroom:
        """Make the folder and its key. Raises UsageError when it is a class already."""
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(f"the folder {folder} cannot be made: {error}") from None
        seeds.make_key(folder / seeds.KEY)
        return cls(folder)

    @classmethod
    def at(cls, folder: Path) -> Classroom:
        """Raises UsageError when there is no class."""
        seeds.read_key(folder / seeds.KEY)
        return cls(folder)

    @property
    def gradebook(self) -> Path:
        return self.folder / GRADEBOOK

    def seed(self, assignment: str, learner: str) -> str:
        return seeds.seed(seeds.read_key(self.folder / seeds.KEY), assignment, learner)

    def roster(self) -> Roster:
        """Raises UsageError when none was imported, InfralabError when it cannot be read."""
        path = self.folder / ROSTER
        try:
            return msgspec.json.decode(ordinary.read(path, LONGEST), type=Roster)
        except FileNotFoundError:
            raise UsageError(
                f"the class in {self.folder} has no learners yet",
                hint=f"`infralab class import LIST.csv --class {self.folder}` reads a list.",
            ) from None
        except (OSError, ValueError, RecursionError) as error:
            raise InfralabError(
                f"{path} cannot be read: {error}", hint="Import the list again."
            ) from error

    def keep(self, roster: Roster) -> tuple[list[str], list[str]]:
        """Make this the roster. Returns who is new, and who was in the one before and is not now.

        Raises InfralabError.
        """
        path = self.folder / ROSTER
        before = {one.id for one in self.roster().learners} if path.exists() else set()
        now = {one.id for one in roster.learners}
        data = msgspec.json.format(msgspec.json.encode(roster), indent=1)
        try:
            replacing.write(path, data + b"\n", durable=True)
        except OSError as error:
            raise InfralabError(f"{path} cannot be written: {error}") from error
        return sorted(now - before), sorted(before - now)

    def tickets(self, assignment: Assignment, to: Path) -> list[Path]:
        """Write a ticket for each learner. Raises InfralabError."""
        made = []
        try:
            to.mkdir(parents=True, exist_ok=True)
            for learner in self.roster().learners:
                path = to / f"{assignment.id}-{learner.id}.toml"
                own = ticket.made(assignment, learner.id, self.seed(assignment.id, learner.id))
                replacing.write(path, ticket.written(own).encode())
                made.append(path)
        except OSError as error:
            raise InfralabError(f"the tickets cannot be written to {to}: {error}") from error
        return made
