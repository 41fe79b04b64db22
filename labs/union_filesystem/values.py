"""What differs from learner to learner, and words that several steps use."""

from __future__ import annotations

from lab_engine.authoring import Directory, Lab, Resource, Seed, Tmpfs, Variables

DESKS = ("shelf", "rack", "tower", "pile", "crate")
LANGUAGES = ("ruby", "erlang", "lua", "haskell", "scheme")
SHOPS = ("bakery", "florist", "library", "museum", "harbour")
BIG = ("upload.part", "old-session", "scan.raw", "trace.bin", "dump.1")
KEYS = ("token", "passphrase", "licence", "secret", "credential")


class Values(Variables, frozen=True):
    """Names of folders and files, a line of text, and how long a `sleep` is to take."""

    desk: str = ""
    language: str = ""
    shop: str = ""
    container: str = ""
    spool: str = ""
    big: str = ""
    mib: int = 0
    app: str = ""
    key: str = ""
    note: str = ""
    seconds: int = 0

    @classmethod
    def draw(cls, seed: Seed) -> Values:
        return cls(
            desk=f"/mnt/{seed.choice('desk', DESKS)}",
            language=seed.choice("language", LANGUAGES),
            shop=seed.choice("shop", SHOPS),
            container=f"busy{seed.number('container', 10, 99)}",
            spool=f"{seed.choice('spool', ('cache', 'spool', 'lib'))}/{seed.token('folder', 3)}",
            big=seed.choice("big", BIG),
            mib=seed.number("mib", 3, 9),
            app=f"app-{seed.token('app', 3)}",
            key=seed.choice("key", KEYS),
            note=f"by-hand-{seed.token('note', 4)}",
            seconds=seed.number("seconds", 40000, 49999),
        )

    @property
    def greeting(self) -> str:
        return f"Welcome to the {self.shop}."


lab = Lab("union-filesystem", Values)

SYSTEM = "/bin\n/usr/bin\n"
"""The lines of etc/paths in the lowest folder."""


def desk(v: Values, *folders: str) -> list[Resource]:
    """A filesystem in memory with the layers, and with these empty folders."""
    name = v.desk.rpartition("/")[2]
    within = f"tmpfs/{name}"
    files = {
        "system": {"etc/motd": "A system, as it was delivered.\n", "etc/paths": SYSTEM},
        v.language: {
            "etc/paths": f"{SYSTEM}/opt/{v.language}/bin\n",
            f"opt/{v.language}/about": f"Programs in {v.language} run here.\n",
        },
        v.shop: {"srv/index.html": f"{v.greeting}\n"},
    }
    made: list[Resource] = [Tmpfs(name, target=v.desk, owner="learner")]
    made += [
        Directory(one, path=f"{v.desk}/{one}", files=files.get(one, {}), within=within)
        for one in folders
    ]
    return made


def overlay(v: Values, target: str, *lower: str, upper: str = "", scratch: str = "scratch") -> str:
    """The command that mounts these folders of the desk, topmost first."""
    options = "lowerdir=" + ":".join(f"{v.desk}/{one}" for one in lower)
    if upper:
        options += f",upperdir={v.desk}/{upper},workdir={v.desk}/{scratch}"
    return f"sudo mount -t overlay overlay -o {options} {v.desk}/{target}"
