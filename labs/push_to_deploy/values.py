"""What differs from learner to learner."""

from __future__ import annotations

from lab_engine.authoring import Lab, Seed, Variables
from labs import paas

APPS = (("bakery", "orchard"), ("museum", "theatre"), ("harbour", "station"), ("garden", "library"))
NEWS = ("closed on Monday", "open until ten", "now with music", "half price today")
NAMES = ("start", "home", "welcome", "entry")
DEMO = "notes"


class Values(Variables, frozen=True):
    """Two apps, what their pages say, and how a program fails."""

    app: str = ""
    app2: str = ""
    first: str = ""
    news: str = ""
    page: str = ""
    menu: str = ""
    ill: str = ""
    code: int = 0
    times: int = 0
    lives: int = 0

    @classmethod
    def draw(cls, seed: Seed) -> Values:
        app, app2 = seed.choice("apps", APPS)
        times = seed.number("times", 2, 4)
        return cls(
            app=app,
            app2=app2,
            first=f"The {app} is open",
            news=f"The {app}: {seed.choice('news', NEWS)}",
            page=seed.choice("page", NAMES),
            menu=f"Welcome, guest {seed.number('guest', 100, 999)}",
            ill=f"moth{seed.number('ill', 10, 99)}",
            code=seed.number("code", 3, 60),
            times=times,
            lives=times + 1,
        )

    @property
    def work(self) -> str:
        return f"{paas.WORK}/{self.app}"

    @property
    def repository(self) -> str:
        return f"{paas.REPOSITORIES}/{self.app}.git"

    @property
    def work2(self) -> str:
        return f"{paas.WORK}/{self.app2}"

    @property
    def repository2(self) -> str:
        return f"{paas.REPOSITORIES}/{self.app2}.git"


lab = Lab("push-to-deploy", Values)


def touched(_: Values) -> list[str]:
    """What work with the platform changes."""
    return [
        f"file/{paas.HOME}/*",
        f"file/{paas.WORK}/*",
        "file//home/learner/.gitconfig",
        "container/*",
        "image/*",
    ]
