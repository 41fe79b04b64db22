"""What differs from learner to learner, and the image that the mirrors carry."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from lab_engine.authoring import Lab, Seed, Variables, layout_files

WORK = "/home/learner/work"
BLOBS = "blobs/sha256"
PROCESSORS = {"/lib64/ld-linux-x86-64.so.2": "amd64", "/lib/ld-linux-aarch64.so.1": "arm64"}
"""What a program names as its loader, to Debian's word for the processor that it was made for."""
TWINS = (("castor", "pollux"), ("romulus", "remus"), ("huey", "dewey"), ("tweedle", "twaddle"))
WORDS = ("plum", "quince", "medlar", "sloe", "damson")
TOOLS = ("abacus", "sliderule", "soroban", "reckoner")
BOXES = ("crate", "casket", "hamper", "trunk", "chest")
PAGES = ("packed by hand", "no builder was here", "four files and a name", "tar and a hash")
MIRRORS = (("oslo", "bergen"), ("porto", "lisbon"), ("turin", "milan"), ("lyon", "nantes"))
CARGOES = ("cocoa", "cotton", "copper", "coffee")
KIDS = ("lunch", "dinner", "brunch", "supper")
TOP = 99


class Values(Variables, frozen=True):
    """Names, words and factors."""

    twin: str = ""
    other: str = ""
    word: str = ""
    tool: str = ""
    calc: str = ""
    a: int = 0
    b: int = 0
    box: str = ""
    site: str = ""
    page: str = ""
    torn: str = ""
    forged: str = ""
    cargo: str = ""
    price: int = 0
    kid: str = ""
    sibling: str = ""

    @classmethod
    def draw(cls, seed: Seed) -> Values:
        twin, other = seed.choice("twins", TWINS)
        mirrors = seed.choice("mirrors", MIRRORS)
        torn = seed.number("torn", 0, 1)
        kid = seed.choice("kid", KIDS)
        return cls(
            twin=twin,
            other=other,
            word=seed.choice("word", WORDS),
            tool=seed.choice("tool", TOOLS),
            calc=f"sum{seed.number('calc', 10, TOP)}",
            a=seed.number("a", 112, 989),
            b=seed.number("b", 112, 989),
            box=seed.choice("box", BOXES),
            site=f"site{seed.number('site', 10, TOP)}",
            page=seed.choice("page", PAGES),
            torn=mirrors[torn],
            forged=mirrors[1 - torn],
            cargo=seed.choice("cargo", CARGOES),
            price=seed.number("price", 20, 80),
            kid=kid,
            sibling=KIDS[(KIDS.index(kid) + 1) % len(KIDS)],
        )

    @property
    def product(self) -> int:
        return self.a * self.b

    @property
    def whole(self) -> Mapping[str, str]:
        """The files of the image that both mirrors should carry."""
        return _image(self.cargo, self.price)

    @property
    def torn_blob(self) -> str:
        """The name of the layer with the price."""
        return next(path for path, text in self.whole.items() if "srv/price.txt\0" in text)

    @property
    def config_blob(self) -> str:
        return next(path for path, text in self.whole.items() if '"rootfs"' in text)

    @property
    def cargo_id(self) -> str:
        return f"sha256:{digest(self.config_blob)}"

    def mirror(self, name: str) -> dict[str, str]:
        """The files of a mirror: each has one blob whose bytes are not what its name says."""
        files = dict(self.whole)
        if name == self.torn:
            price = f"costs {self.price}"
            files[self.torn_blob] = files[self.torn_blob].replace(price, f"costs {self.price + 9}")
        else:
            files[self.config_blob] = files[self.config_blob].replace('"cat"', '"rm"')
        return files


@lru_cache(maxsize=8)
def _image(cargo: str, price: int) -> Mapping[str, str]:
    return layout_files(
        f"{cargo}:1",
        [
            {"etc/motd": f"The prices of {cargo}\n"},
            {"srv/price.txt": f"{cargo} costs {price}\n"},
        ],
        ("cat", "/srv/price.txt"),
    )


def digest(path: str) -> str:
    """The name of a blob by its path in a layout."""
    return path.rpartition("/")[2]


lab = Lab("images", Values)
