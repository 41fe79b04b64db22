"""`infralab machine`: a virtual machine with an engine in it, for benches."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from lab_engine.cli.words import Progress, add_json, confirm, emit_json, say, verb
from lab_engine.errors import BenchError

if TYPE_CHECKING:
    from lab_engine.machine.accelerator import Accelerator
    from lab_engine.machine.life import Status

USE = "INFRALAB_ENGINE=machine"


def add(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe the verb and its parts."""
    parser = verb(
        verbs,
        "machine",
        "a virtual machine with an engine in it, where Docker cannot be had or trusted",
        about="Makes a small Debian with Docker and runs it under QEMU as an ordinary user: for "
        "computers without Docker, with rootless Docker or Podman, and for work that you do not "
        "trust. Benches live in it, and cannot reach this computer. All of it is in the data "
        "folder.",
        examples=(
            ("infralab machine create", "make it: 170 MB of packages, two minutes"),
            ("infralab machine start", "boot it"),
            ("infralab machine use", "from now on benches are in it"),
            (f"{USE} infralab up images", "once"),
            ("infralab machine status", "how it stands; exit code 0 if its engine answers"),
            ("infralab machine shell", "a shell in it, as its root"),
            ("infralab machine stop", "switch it off; what is in its engine stays"),
            ("infralab machine remove", "with all that is in it"),
            ("infralab machine box kit.box", "a Vagrant box of it, with the kit: 10 minutes"),
            ("infralab machine box kit.box --provider virtualbox", "the same for VirtualBox"),
        ),
    )
    parts = parser.add_subparsers(dest="part", metavar="ACTION", required=True)
    parts.add_parser("create", help="make it, as far as something of it is missing")
    start = parts.add_parser("start", help="boot it, until its engine answers")
    start.add_argument(
        "--internet",
        action="store_true",
        help="let it reach what this computer reaches, its own services too: to build packs",
    )
    parts.add_parser("stop", help="switch it off")
    add_json(parts.add_parser("status", help="how it stands"))
    shell = parts.add_parser("shell", help="a shell in it, or one command")
    shell.add_argument("words", nargs="*", metavar="-- COMMAND", help="instead of a shell")
    use = parts.add_parser("use", help="have benches in it, without a setting")
    use.add_argument("--off", action="store_true", help="have them in this computer's engine")
    remove = parts.add_parser("remove", help="remove it with all that is in it")
    remove.add_argument("--yes", action="store_true", help="do not ask")
    box = parts.add_parser("box", help="make a Vagrant box, with the kit in it")
    box.add_argument("file", type=Path, metavar="FILE")
    box.add_argument(
        "--provider",
        choices=("libvirt", "virtualbox"),
        default="libvirt",
        help="the program that is to run it; libvirt when left out",
    )
    box.add_argument(
        "--no-image", action="store_true", help="without the bench's image, which is most of it"
    )


def run(args: argparse.Namespace) -> int:
    """Do one of the parts."""
    return {
        "create": _create,
        "start": _start,
        "stop": _stop,
        "status": _status,
        "shell": _shell,
        "use": _use,
        "remove": _remove,
        "box": _box,
    }[args.part](args)


def _create(_: argparse.Namespace) -> int:
    from lab_engine import settings
    from lab_engine.machine import life

    chosen = settings.load()
    with Progress() as progress:
        made = life.create(chosen, progress)
    print("The machine is made." if made else "The machine is there.")
    if os.geteuid() == 0:
        say("It would run as root here. An ordinary user's QEMU is the better wall.")
    print("Boot it: infralab machine start")
    return 0


def _start(args: argparse.Namespace) -> int:
    from lab_engine import settings
    from lab_engine.machine import chosen as which
    from lab_engine.machine import life, place

    chosen = settings.load()
    where = place.of(chosen)
    with Progress() as progress:
        found = life.start(chosen, progress, internet=args.internet)
    if found is None:
        print("The machine runs already.")
        if args.internet and not where.noted().get("internet"):
            say("It has no way out: stop it first, then start it with --internet.")
            return 1
    else:
        print("The machine runs.")
        _warn(found, internet=args.internet)
    if not which.is_machine(chosen, _original()):
        print(f"Benches are in it with {USE}, or always: infralab machine use")
    return 0


def _original() -> dict[str, str]:
    """The environment without what we put there for a machine that is in use."""
    return {k: v for k, v in os.environ.items() if not v.endswith("/machine/docker.sock")}


def _warn(found: Accelerator, *, internet: bool) -> None:
    if found.emulated:
        say(f"It is emulated, ten to twenty times as slow as with KVM: {found.reason}.")
    if internet:
        say("It reaches what this computer reaches, services on 127.0.0.1 too: no wall that way.")


def _stop(_: argparse.Namespace) -> int:
    from lab_engine import settings
    from lab_engine.machine import life, place

    with Progress() as progress:
        was = life.stop(place.of(settings.load()), progress)
    print("The machine is off." if was else "The machine was off.")
    return 0


def _status(args: argparse.Namespace) -> int:
    from lab_engine import settings
    from lab_engine.machine import chosen as which
    from lab_engine.machine import life, place

    chosen = settings.load()
    found = life.status(place.of(chosen))
    used = which.is_machine(chosen, _original())
    if args.json:
        emit_json({"machine": found, "used": used})
    else:
        print(describe(found))
        print(f"Benches are {'in it' if used else 'not in it'}.")
    return 0 if found.state is life.State.RUNNING else 1


def describe(found: Status) -> str:
    """How the machine stands, in a sentence or two."""
    from lab_engine.machine.life import State

    size = f"its files take {found.disk >> 20} MiB here"
    how = "emulated" if found.accelerator == "tcg" else "on KVM"
    match found.state:
        case State.ABSENT:
            return "There is no machine. Make it: infralab machine create"
        case State.STOPPED:
            ended = " It ended without having been stopped." if found.broken else ""
            return f"The machine is off; {size}.{ended} Boot it: infralab machine start"
        case State.BEGINS:
            return (
                f"QEMU runs (process {found.pid}, {how}), and the engine does not answer: the "
                "machine boots or ends, or `infralab machine start` mends it."
            )
        case _:
            out = ", with a way out" if found.internet else ""
            return f"The machine runs (process {found.pid}, {how}{out}); {size}.\n{found.endpoint}"


def _shell(args: argparse.Namespace) -> int:
    from lab_engine import settings
    from lab_engine.machine import life, place, ssh

    where = place.of(settings.load())
    if not life.ready(where):
        raise BenchError("the machine does not run", hint="Boot it: `infralab machine start`.")
    tty = sys.stdin.isatty() and sys.stdout.isatty()
    command = ssh.command_argv(where, args.words, tty=tty)
    # No limit: it is the user's own, and ends with them.
    return subprocess.run(command, check=False).returncode


def _use(args: argparse.Namespace) -> int:
    from lab_engine import settings
    from lab_engine.machine import place

    chosen = settings.load()
    where = place.of(chosen)
    if args.off:
        where.use.unlink(missing_ok=True)
        print("Benches are in the engine that `docker` uses.")
    else:
        if not where.docker.exists():
            raise BenchError("there is no machine", hint="Make it: `infralab machine create`.")
        where.use.touch(mode=0o600)
        print("Benches are in the machine from now on; `infralab machine use --off` ends that.")
    if chosen.engine:
        say(f"The setting engine is {chosen.engine!r}, and goes before this.")
    elif not args.off and _original().get("DOCKER_HOST"):
        say("DOCKER_HOST is set, and goes before this.")
    return 0


def _remove(args: argparse.Namespace) -> int:
    from lab_engine import settings
    from lab_engine.machine import life, place

    where = place.of(settings.load())
    if not where.folder.exists():
        print("There is no machine.")
        return 0
    if not confirm("Remove the machine, with every bench in it?", yes=args.yes):
        return 1
    with Progress() as progress:
        life.remove(where, progress)
    print("The machine is removed.")
    return 0


def _box(args: argparse.Namespace) -> int:
    from lab_engine.machine import box

    file = args.file.absolute()
    with Progress() as progress:
        made = box.make(file, progress, provider=args.provider, with_bench=not args.no_image)
    print(f"{file} ({made.size >> 20} MiB), SHA-256 {made.sha256}")
    print(f"Give it to Vagrant: vagrant box add --name infralab {file.name}")
    print(
        f"Start it: INFRALAB_VM_BOX=infralab vagrant up --provider={args.provider}, in the folder "
        "vagrant/"
    )
    return 0
