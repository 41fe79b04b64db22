"""What differs from learner to learner, and the app that its steps begin with."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from lab_engine.authoring import GitRepository, Lab, Resource, Seed, Variables
from labs import paas

APPS = ("parrot", "robin", "heron", "magpie", "falcon")
WORDS = (("good morning", "good night"), ("welcome", "farewell"), ("hello there", "see you"))
GIVEN: Final = Path(__file__).parent / "given"
WEB: Final = "exec nc -ll -p $PORT -e ./app.sh"
WORKER: Final = "exec sh worker.sh"


class Values(Variables, frozen=True):
    """An app, how many processes it has, and what it says."""

    app: str = ""
    webs: int = 0
    hello: str = ""
    bye: str = ""
    rude: str = ""
    polite: str = ""
    last_words: str = ""

    @classmethod
    def draw(cls, seed: Seed) -> Values:
        hello, bye = seed.choice("words", WORDS)
        number = seed.number("number", 10, 99)
        return cls(
            app=seed.choice("app", APPS),
            webs=seed.number("webs", 2, 4),
            hello=hello,
            bye=bye,
            rude=f"mule{number}",
            polite=f"dove{number}",
            last_words=f"closing book {seed.number('book', 100, 999)}",
        )

    @property
    def work(self) -> str:
        return f"{paas.WORK}/{self.app}"

    @property
    def repository(self) -> str:
        return f"{paas.REPOSITORIES}/{self.app}.git"


lab = Lab("procfile-and-dynos", Values)


def source(*, procfile: str = "") -> dict[str, str]:
    """The files of the app, with a Procfile if one is given."""
    files = {path.name: path.read_text() for path in sorted(GIVEN.iterdir())}
    return files | ({"Procfile": procfile} if procfile else {})


def begin(v: Values, *, procfile: str = "") -> list[Resource]:
    """The platform, a repository with its hook, and the app, committed."""
    return [
        *paas.platform(),
        paas.repository(v.app),
        GitRepository(
            "source",
            path=v.work,
            files=source(procfile=procfile),
            remotes={"platform": v.repository},
        ),
    ]


def touched(_: Values) -> list[str]:
    """What work with the platform changes."""
    return [f"file/{paas.HOME}/*", f"file/{paas.WORK}/*", "container/*", "image/*"]
