"""What differs from learner to learner, and what several steps ask of a container."""

from __future__ import annotations

from collections.abc import Collection

from lab_engine.authoring import (
    Container,
    DockerContainerReading,
    Lab,
    See,
    Seed,
    Variables,
    require,
    require_container,
)

WORK = "/home/learner/work"

WORDS = (
    "amber",
    "basalt",
    "cedar",
    "delta",
    "ember",
    "fjord",
    "garnet",
    "hazel",
    "iris",
    "juniper",
)
SITES = ("shop", "blog", "wiki", "forum", "mail")
PLANTS = ("fern", "moss", "reed", "sedge", "clover", "thyme")
ISLANDERS = ("robin", "crusoe", "selkirk", "friday")
PAIRS = (("engine", "meter"), ("ship", "pilot"), ("oven", "timer"), ("press", "gauge"))


class Values(Variables, frozen=True):
    """Names, a subnet, ports (each step's in a range of its own) and the texts that are served."""

    subnet: str = ""
    first: str = ""
    second: str = ""
    loner: str = ""
    site: str = ""
    site_port: int = 0
    site_text: str = ""
    inner_port: int = 0
    inner_text: str = ""
    host_port: int = 0
    host_text: str = ""
    admin_port: int = 0
    shared_port: int = 0
    shared_text: str = ""
    anchor: str = ""
    rider: str = ""
    pair_port: int = 0
    pair_text: str = ""

    @classmethod
    def draw(cls, seed: Seed) -> Values:
        plant = seed.number("plant", 0, len(PLANTS) - 1)
        anchor, rider = seed.choice("pair", PAIRS)

        def text(name: str) -> str:
            return f"{seed.choice(f'{name} word', WORDS)}-{seed.token(name, 4)}"

        return cls(
            subnet=f"10.{seed.number('subnet a', 20, 199)}.{seed.number('subnet b', 0, 255)}.0/24",
            first=PLANTS[plant],
            second=PLANTS[(plant + seed.number("other plant", 1, len(PLANTS) - 1)) % len(PLANTS)],
            loner=seed.choice("loner", ISLANDERS),
            site=seed.choice("site", SITES),
            site_port=seed.number("site port", 8100, 8199),
            site_text=text("site"),
            inner_port=seed.number("inner port", 8200, 8299),
            inner_text=text("inner"),
            host_port=seed.number("host port", 8300, 8399),
            host_text=text("host"),
            admin_port=seed.number("admin port", 8400, 8499),
            shared_port=seed.number("shared port", 8500, 8599),
            shared_text=text("shared"),
            anchor=anchor,
            rider=rider,
            pair_port=seed.number("pair port", 8600, 8699),
            pair_text=text("pair"),
        )


lab = Lab("docker-networking", Values)

ENDED = (
    "A container lives as long as its first process, and that one has ended. A shell without a "
    "terminal has nothing to read: add -it. A server that goes to the background, as httpd does "
    "without -f, leaves nothing behind. Give the container a command that lasts."
)
RESTARTING = (
    "A restart policy starts the container again each time, but its first process ends each time "
    "too. Remove it, and give it a command that lasts."
)


def serving(text: str, listen: str) -> str:
    """A shell command that serves `text` for ever; `listen` is `PORT` or `ADDRESS:PORT`."""
    return f"mkdir -p /www; echo {text} > /www/index.html; httpd -f -p {listen} -h /www"


def web(name: str, text: str, listen: str) -> Container:
    """A container on the default bridge that serves `text`."""
    return Container(name, image="busybox", command=("sh", "-c", serving(text, listen)))


def sleeper(name: str, **fields: object) -> Container:
    """A container that does nothing, for a long time."""
    return Container(name, image="busybox", command=("sleep", "1d"), **fields)  # type: ignore[arg-type]


async def runs(
    see: See, name: str, *, networks: Collection[str] | None = None
) -> DockerContainerReading:
    """Require a container of busybox that runs, and keeps running, on these networks alone.

    Besides the reasons of `require_container`: `not-started` (created only) and `ended` (its first
    process has ended without an error).
    """
    found = await require_container(see, name, image="busybox", running=False)
    require(
        found.state != "created",
        "not-started",
        expected=f"{name} is running.",
        observed="It was created, and never started.",
        look="docker ps -a",
    )
    require(
        found.state != "restarting",
        "restarting",
        expected=f"{name} keeps running.",
        observed="It ends and is started again, over and over.",
        look="docker ps -a",
    )
    require(
        found.state != "exited" or found.exit_code,
        "ended",
        expected=f"{name} is running.",
        observed="Its first process has ended.",
        look="docker ps -a",
    )
    return await require_container(see, name, networks=networks)


def named(networks: object) -> str:
    """Network names in a sentence."""
    names = sorted(map(str, networks))  # type: ignore[call-overload]
    return ", ".join(names) or "no network"
