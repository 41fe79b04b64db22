"""What differs from learner to learner."""

from __future__ import annotations

from lab_engine.authoring import Lab, Seed, Variables

WORK = "/home/learner/work"
SHOPS = ("bakery", "florist", "grocer", "cobbler")
BLOGS = ("diary", "gazette", "journal", "almanac")
WARES = ("warm bread", "red tulips", "blue plums", "new heels")
TALES = ("rain all week", "the cat is back", "a long walk", "no news today")
CREW = ("anton", "berta", "caesar", "dora", "emil", "frieda")


class Values(Variables, frozen=True):
    """Names, titles, and numbers of seconds that tell one `sleep` from all others."""

    shop: str = ""
    blog: str = ""
    wares: str = ""
    tale: str = ""
    crew: str = ""
    guilty: str = ""
    kept: str = ""
    third: str = ""
    hungry: int = 0
    extra: int = 0
    joined: int = 0
    guest: str = ""

    @classmethod
    def draw(cls, seed: Seed) -> Values:
        first = seed.number("first", 0, len(CREW) - 1)
        crew = sorted((CREW[first], *(CREW[(first + by) % len(CREW)] for by in (2, 3))))
        guilty = seed.number("guilty", 0, 2)
        seconds = seed.number("seconds", 40100, 48900)
        return cls(
            shop=seed.choice("shop", SHOPS),
            blog=seed.choice("blog", BLOGS),
            wares=seed.choice("wares", WARES),
            tale=seed.choice("tale", TALES),
            crew=" ".join(crew),
            guilty=crew[guilty],
            kept=crew[(guilty + 1) % 3],
            third=crew[(guilty + 2) % 3],
            hungry=seconds + 7,
            extra=seconds + 21,
            joined=seconds + 34,
            guest=f"guest{seed.number('guest', 10, 99)}",
        )


lab = Lab("why-containers", Values)
