"""What differs from learner to learner, and words that several steps use."""

from __future__ import annotations

from lab_engine.authoring import DockerContainerReading, Lab, Seed, Variables, require

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


def running(container: DockerContainerReading, name: str, image: str) -> None:
    """Require a running container from the right image."""
    require(
        container.exists,
        "absent",
        expected=f"A container called {name} runs.",
        observed=f"There is no container called {name}.",
        look="docker ps -a",
    )
    require(
        container.image.removesuffix(":latest") == image,
        "other-image",
        expected=f"{name} is made from {image}.",
        observed=f"{name} is made from {container.image}.",
        look="docker ps -a",
    )
    require(
        container.running,
        "not-running",
        expected=f"{name} is running.",
        observed=f"{name} is {container.state}, with exit code {container.exit_code}.",
        look=f"docker ps -a; docker logs {name}",
    )
