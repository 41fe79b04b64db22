"""What an instructor works with: a class, an assignment, and the folders of what was handed in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

from lab_engine.common import digest
from lab_engine.errors import InfralabError, UsageError
from lab_engine.grading.assignment import terms
from lab_engine.grading.assignment.terms import Assignment
from lab_engine.grading.classroom import Classroom
from lab_engine.grading.gradebook.book import Gradebook, Word
from lab_engine.grading.gradebook.graded import Graded
from lab_engine.grading.gradebook.standing import Standing, of_class, standings
from lab_engine.grading.insight.task import ClassTask, tasks
from lab_engine.grading.submission import archive, handed
from lab_engine.grading.submission.handed import Submission
from lab_engine.grading.submission.refused import Refused

HANDED_IN: Final = "handed-in"
"""Where submissions are looked for when nobody says where, as the instructor's page has it."""
MOST_FILES: Final = 5000


@dataclass(frozen=True, slots=True)
class Room:
    """All that is asked of it reads files: call it in a thread.

    Args:
        classroom: the class.
        assignment: what they were to do.
        folders: where submissions may lie.
    """

    classroom: Classroom
    assignment: Assignment
    folders: tuple[Path, ...] = ()

    def standings(self) -> list[Standing]:
        """As `standing.of_class`."""
        return of_class(self.classroom, self.assignment)

    def standing(self, learner: str) -> Standing:
        """Raises UsageError when nobody is called so, InfralabError."""
        found = next((one for one in self.standings() if one.learner == learner), None)
        if found is None:
            raise UsageError(
                f"nobody in the class is called {learner!r}",
                hint="`infralab class show` lists the learners by their ids.",
            )
        return found

    def words(self, learner: str) -> list[Word]:
        """Every comment and override, the oldest first. Raises UsageError, InfralabError."""
        with Gradebook.reading(self.classroom.gradebook) as book:
            return book.words(self.assignment.id, learner)

    def tasks(self) -> list[ClassTask]:
        """Raises UsageError when nothing was graded, InfralabError."""
        with Gradebook.reading(self.classroom.gradebook) as book:
            latest = book.latest(self.assignment.id)
            found = standings(book, self.assignment, self.classroom.roster())
        return tasks(found, latest)

    def task(self, key: str) -> ClassTask:
        """Such as `namespaces/uts/own-name`, or the end of it. Raises UsageError, InfralabError."""
        every = self.tasks()
        found = [one for one in every if f"/{one.key}".endswith(f"/{key}")]
        if len(found) != 1:
            what = "no task is" if not found else f"{len(found)} tasks are"
            known = ", ".join(one.key for one in every) or "none"
            raise UsageError(f"{what} called {key!r}", hint=f"Graded tasks: {known}.")
        return found[0]

    def seeds(self) -> dict[str, str]:
        """Who is who at work: a name and an id, by the hash of the seed that is theirs here.

        Raises UsageError, InfralabError.
        """
        return {
            digest.of_bytes(self.classroom.seed(self.assignment.id, one.id).encode()): (
                f"{one.name} ({one.id})"
            )
            for one in self.classroom.roster().learners
        }

    def submission(self, graded: Graded) -> Submission:
        """The file that was graded. Raises UsageError when it is not there, Refused."""
        for path in self._candidates(graded.file):
            try:
                data = archive.load(path)
            except Refused:
                continue
            if digest.of_bytes(data) == graded.submission:
                return handed.parse(data)
        looked = ", ".join(str(folder) for folder in self.folders) or "no folder"
        raise UsageError(
            f"the file that was graded, {graded.file}, is not there (looked in {looked})",
            hint="Name the folder of what was handed in with --handed-in.",
        )

    def _candidates(self, name: str) -> Iterator[Path]:
        """Those of its name first: it may have been renamed since."""
        for folder in self.folders:
            yield from sorted(folder.glob(f"**/{_literal(name)}"))
        for folder in self.folders:
            for path in islice(sorted(folder.glob("**/*.zip")), MOST_FILES):
                if path.name != name:
                    yield path


def _literal(name: str) -> str:
    """A name as a pattern that only it fits."""
    return "".join(f"[{one}]" if one in "*?[" else one for one in Path(name).name) or "?"


def enter(folder: Path, assignment: Path | None = None, handed_in: Sequence[Path] = ()) -> Room:
    """The room of a class.

    Without an `assignment` it is the only one that lies in the folder of the class, beside it or
    here. Raises UsageError, ContentError.
    """
    classroom = Classroom.at(folder)
    places = dict.fromkeys(one.resolve() for one in (folder, folder.parent, Path()))
    chosen = terms.read(assignment) if assignment else _only(list(places))
    around = [path / HANDED_IN for path in (*places, *((assignment.parent,) if assignment else ()))]
    folders = handed_in or [path for path in dict.fromkeys(around) if path.is_dir()]
    for path in folders:
        if not path.is_dir():
            raise UsageError(f"there is no folder {path}", hint="Is its name right?")
    return Room(classroom, chosen, tuple(dict.fromkeys(path.resolve() for path in folders)))


def _only(places: Sequence[Path]) -> Assignment:
    found = dict.fromkeys(path for place in places for path in sorted(place.glob("*.toml")))
    read: dict[Path, Assignment] = {}
    for path in islice(found, MOST_FILES):
        try:
            read[path] = terms.read(path)
        except InfralabError:
            # Any other file of this form, such as a ticket.
            continue
    if len(read) == 1:
        return next(iter(read.values()))
    if not read:
        raise UsageError(
            "which assignment is meant? None lies in the folder of the class, nor here",
            hint="Name its file: `infralab instructor CLASS week-3.toml`.",
        )
    known = ", ".join(str(path) for path in read)
    raise UsageError(f"which of {len(read)} assignments is meant?", hint=f"Name one: {known}.")
