"""What differs from learner to learner."""

from __future__ import annotations

from lab_engine.authoring import Lab, Seed, Variables
from labs import paas

KINDS = (("menu.txt", "Menu"), ("programme.txt", "Programme"), ("timetable.txt", "Timetable"))
APPS = ("bistro", "cinema", "ferry", "chapel", "arena")
LINES = ("Monday: tea", "Tuesday: rain", "Friday: fish", "Sunday: closed", "Noon: bells")


class Values(Variables, frozen=True):
    """A kind of app, known by a file, its buildpack's folder, and one app of that kind."""

    marker: str = ""
    kind: str = ""
    pack: str = ""
    app: str = ""
    lines: tuple[str, ...] = ()
    count: int = 0
    welcome: str = ""

    @classmethod
    def draw(cls, seed: Seed) -> Values:
        marker, kind = seed.choice("kind", KINDS)
        turn = seed.number("turn", 0, len(LINES) - 1)
        app = seed.choice("app", APPS)
        return cls(
            marker=marker,
            kind=kind,
            pack=f"{paas.HOME}/buildpacks/30-{kind.lower()}",
            app=app,
            lines=(LINES[turn:] + LINES[:turn])[:3],
            count=seed.number("count", 2, 3),
            welcome=f"Welcome to the {app}",
        )

    @property
    def work(self) -> str:
        return f"{paas.WORK}/{self.app}"

    @property
    def repository(self) -> str:
        return f"{paas.REPOSITORIES}/{self.app}.git"

    @property
    def text(self) -> str:
        return "".join(f"{line}\n" for line in self.lines)

    @property
    def page(self) -> str:
        return "".join(f"<li>{line}\n" for line in self.lines)


lab = Lab("buildpacks-and-schedulers", Values)


def touched(_: Values) -> list[str]:
    """What work with the platform changes."""
    return [
        f"file/{paas.HOME}/*",
        f"file/{paas.WORK}/*",
        "file//home/learner/.gitconfig",
        "container/*",
        "image/*",
    ]
