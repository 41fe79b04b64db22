"""A pack's recipe as data: the tables of `pack.toml`. See docs/packs.md."""

from __future__ import annotations

import msgspec


class Size(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What it costs, measured: MB over the network, MB in the image, minutes on two cores."""

    download: int
    installed: int
    minutes: float


class Debian(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Packages of the bench's Debian, installed without what they only recommend."""

    packages: tuple[str, ...]


class Python(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Wheels by a lock file with hashes, in a virtual environment `/opt/packs/VENV`.

    `commands` are those of its programs that stand on everybody's PATH.
    """

    lock: str
    venv: str
    commands: tuple[str, ...] = ()


class Program(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One `go build`: the package, the program's name, its linker flags."""

    name: str
    package: str = "."
    ldflags: str = ""


class Go(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A folder with `go.mod` and `go.sum`, and the programs that are built from it.

    Args:
        folder: the folder, in the pack's.
        programs: what is built, statically and without cgo.
        into: where the programs go in the image.
        toolchain: a version such as `go1.26.8`, from the module proxy; Debian's when left out.
        commands: those of the programs that stand on everybody's PATH.
    """

    folder: str
    programs: tuple[Program, ...]
    into: str = "/usr/local/bin"
    toolchain: str = "local"
    commands: tuple[str, ...] = ()


class Maven(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Jars by a lock file with SHA-256 (`common.jars`), in the folder `into` of the image."""

    lock: str
    into: str


class Npm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A folder with `package.json` and `package-lock.json`, installed as the folder `into`.

    No script of a package runs. `commands` are those of its programs that stand on everybody's
    PATH. What runs them is a package of Debian's: `nodejs`.
    """

    folder: str
    into: str
    commands: tuple[str, ...] = ()


class Container(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A small image for the bench's own Docker: busybox, and what is added to it.

    Args:
        name: as a lab asks for it: `Image("NAME")`.
        files: files and folders of the bench; programs come with the libraries that they load.
        folder: a folder of the pack's, laid over the image's root.
        cmd: what a container of it runs.
        env: such as `["LANG=C.UTF-8"]`.
        ports: TCP ports that it says it serves.
        user: who runs it; root when left out.
    """

    name: str
    files: tuple[str, ...] = ()
    folder: str = ""
    cmd: tuple[str, ...] = ("sh",)
    env: tuple[str, ...] = ()
    ports: tuple[int, ...] = ()
    user: str = ""


class Wants(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a machine must have for it.

    Args:
        memory: MiB that a bench of it uses.
        machines: kinds of processor, as `uname -m` says them.
        cgroup: the versions of cgroups that it works with, the better first.
        inotify: how many inotify instances root has to be allowed (inotify(7)) where cgroups are of
            version 2: there each pod's containerd-shim takes one, and all benches share them.
    """

    memory: int = 0
    machines: tuple[str, ...] = ("x86_64",)
    cgroup: tuple[int, ...] = (2, 1)
    inotify: int = 0


class Pack(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A recipe, as `pack.toml` has it.

    Args:
        name: as its folder is called.
        about: one sentence for the learner, without its full stop.
        version: which version of the system it brings, as a learner would say it.
        licences: SPDX names of what it brings.
        size: what it costs.
        needs: packs that come before it.
    """

    name: str
    about: str
    version: str
    licences: tuple[str, ...]
    size: Size
    needs: tuple[str, ...] = ()
    debian: Debian | None = None
    python: tuple[Python, ...] = ()
    go: tuple[Go, ...] = ()
    maven: tuple[Maven, ...] = ()
    npm: tuple[Npm, ...] = ()
    image: tuple[Container, ...] = ()
    wants: Wants = Wants()

    @property
    def compiled(self) -> bool:
        """Whether something is made or downloaded before its image is laid."""
        return bool(self.python or self.go or self.maven or self.npm)
