"""What differs from learner to learner, and words that several steps use."""

from __future__ import annotations

from lab_engine.authoring import Lab, Seed, Variables

WORDS = ("lantern", "harbour", "orchard", "meadow", "glacier", "copper", "violet", "thunder")
NOTES = ("note.txt", "diary.txt", "list.txt", "memo.txt")


class Values(Variables, frozen=True):
    """Texts, a file's name, a port and a size in MiB."""

    message: str = ""
    file: str = ""
    port: int = 0
    size: int = 0

    @classmethod
    def draw(cls, seed: Seed) -> Values:
        return cls(
            message=f"{seed.choice('word', WORDS)}-{seed.token('message', 4)}",
            file=seed.choice("file", NOTES),
            port=seed.number("port", 8100, 8899),
            size=seed.choice("size", (3, 5, 6, 7, 9)),
        )


lab = Lab("keeping-data", Values)
