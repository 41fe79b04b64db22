"""What differs from learner to learner, and what the operators give."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from lab_engine.authoring import Directory, Image, Lab, Resource, Seed, Variables

HOME: Final = "/srv/s2i"
WORK: Final = "/home/learner/work"
APP: Final = "/opt/app"
PORT: Final = 8080
USER: Final = 1001
PAGES: Final = "pages"
SOURCE: Final = "index.tmpl"
LIST: Final = "names.txt"
_GIVEN: Final = Path(__file__).parent / "given"

SHOPS = ("kiosk", "canteen", "tearoom", "pizzeria")
TITLES = ("Soup of the day", "Fresh bread", "Cold drinks", "Two for one")
CLUBS = (("rowers", "climbers"), ("singers", "dancers"), ("bakers", "brewers"))
NAMES = ("Zoe", "Ada", "Mia", "Ben", "Tom", "Eva", "Kim", "Lea", "Jon", "Ida")
PARTS = ("engine", "bicycle", "clock", "piano")
NEWS = ("with new brakes", "in green", "now cheaper", "sold out")
DIARIES = ("diary", "logbook", "journal")


class Values(Variables, frozen=True):
    """An app for each step, what it says, and a number for whoever runs it."""

    app: str = ""
    site: str = ""
    title: str = ""
    founded: int = 0
    builder: str = ""
    one: str = ""
    two: str = ""
    ones: tuple[str, ...] = ()
    twos: tuple[str, ...] = ()
    thing: str = ""
    before: str = ""
    after: str = ""
    news: str = ""
    diary: str = ""
    keeper: str = ""
    uid: int = 0

    @classmethod
    def draw(cls, seed: Seed) -> Values:
        one, two = seed.choice("clubs", CLUBS)
        turn = seed.number("turn", 0, len(NAMES) - 1)
        names = NAMES[turn:] + NAMES[:turn]
        number = seed.number("number", 10, 99)
        thing = seed.choice("thing", PARTS)
        app = seed.choice("app", SHOPS)
        diary = seed.choice("diary", DIARIES)
        return cls(
            app=app,
            site=f"{app}{number}",
            title=seed.choice("title", TITLES),
            founded=seed.number("founded", 1850, 1999),
            builder=f"lists{seed.number('builder', 10, 99)}",
            one=one,
            two=two,
            ones=names[:4],
            twos=names[5:9],
            thing=thing,
            before=f"{thing}-old",
            after=f"{thing}-new",
            news=f"The {thing}, {seed.choice('news', NEWS)}",
            diary=diary,
            keeper=f"{diary}-keeper",
            # OpenShift gives each project ten thousand numbers, from a thousand million on.
            uid=1_000_000_000 + 10_000 * seed.number("uid", 20, 99),
        )

    def work(self, name: str) -> str:
        return f"{WORK}/{name}"

    @property
    def template(self) -> str:
        """The source of the first app."""
        return f"<h1>@TITLE@</h1>\n<p>since {self.founded}</p>\n"

    @property
    def page(self) -> str:
        return self.template.replace("@TITLE@", self.title)


lab = Lab("source-to-image", Values)


def given(folder: str) -> dict[str, str]:
    """The files of a builder, by name."""
    return {path.name: path.read_text() for path in sorted((_GIVEN / folder).iterdir())}


def program() -> dict[str, str]:
    """The program and the builder of pages, relative to `HOME`."""
    files = {f"{PAGES}/{name}": text for name, text in given(PAGES).items()}
    return files | {"s2i": (_GIVEN / "s2i").read_text()}


def operators() -> list[Resource]:
    """What the operators give, and an image to begin with."""
    return [Image("busybox"), Directory("s2i", path=HOME, files=program(), file_mode=0o755)]


def folder(v: Values, name: str, files: dict[str, str], mode: int = 0o644) -> Directory:
    """A folder of the learner, with source or with a builder in it."""
    return Directory(name, path=v.work(name), files=files, file_mode=mode)


def touched(_: Values) -> list[str]:
    """What building changes."""
    return [f"file/{WORK}/*", f"file/{HOME}/*", "container/*", "image/*"]
