"""`infralab uninstall`: take back everything that infralab put on this machine."""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lab_engine.cli.words import confirm, say, tell, verb
from lab_engine.errors import BenchError, DockerUnavailable

if TYPE_CHECKING:
    from lab_engine.bench.inventory import Holding
    from lab_engine.machine.place import Place
    from lab_engine.settings import Settings


def add(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe the verb."""
    parser = verb(
        verbs,
        "uninstall",
        "remove everything that infralab put on this machine",
        about="Remove benches, volumes, networks and images of infralab from the Docker engine, "
        "and its folders. Says what it will remove, and asks. Benches of others stay, and "
        "while there are any, all images. Debian packages stay; the command that removes them is "
        "shown.",
        examples=(
            ("infralab uninstall --dry-run", "only say what there is"),
            ("infralab uninstall --keep-progress", "keep what you did in the lessons"),
            ("infralab uninstall --yes", "do not ask"),
        ),
    )
    parser.add_argument("--dry-run", action="store_true", help="only say what there is")
    parser.add_argument("--keep-progress", action="store_true", help="keep the data folder")
    parser.add_argument(
        "--without-docker",
        action="store_true",
        help="remove the folders though the engine does not answer",
    )
    parser.add_argument("--yes", action="store_true", help="do not ask")


def run(args: argparse.Namespace) -> int:
    """List, ask, remove, and say what is left."""
    from lab_engine import settings
    from lab_engine.machine import place

    chosen = settings.load()
    everything = [] if args.without_docker else _held(chosen)
    where = place.of(chosen)
    held = [holding for holding in everything if not holding.stays]
    staying = [holding for holding in everything if holding.stays]
    # Not `--keep-progress`'s: no progress is in it, but benches.
    machine = where.folder.exists()
    folders = [path for path in _folders(chosen, keep=args.keep_progress) if path.exists()]
    if not held and not folders and not machine:
        print("There is nothing of infralab here." if not staying else "Nothing here is yours.")
        _show_staying(staying)
        return 0
    for holding in held:
        tell(f"  {holding.kind:<10} {holding.name}")
    if machine:
        tell(f"  {'machine':<10} {where.folder}, with every bench in it")
    for path in folders:
        tell(f"  {'folder' if path.is_dir() else 'file':<10} {path}")
    _show_staying(staying)
    if args.dry_run:
        return 0
    if not confirm("Remove all of this?", yes=args.yes):
        return 1
    # Before the folder goes in which they are noted.
    packages = _packages(chosen.data_dir)
    # The engine's things while it still runs.
    left = _remove(held)
    if machine:
        left += _remove_machine(where)
    stopped = _stop_engine(chosen.data_dir / "dockerd.pid")
    for path in folders:
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink()
        if path.exists():
            left.append(f"{path}: remove it with `sudo rm -r {path}`")
    print("Removed." if not left else "Removed, except for:")
    for line in left:
        tell(f"  {line}")
    if stopped:
        print("The Docker engine that `./infralab` had started is stopped.")
    if packages:
        print("These packages were installed for infralab; to remove them:")
        tell(f"  {'' if os.geteuid() == 0 else 'sudo '}apt-get remove {' '.join(packages)}")
    return 3 if left else 0


def _show_staying(staying: Sequence[Holding]) -> None:
    if staying:
        print("Not yours, or in use by others; this stays:")
    for holding in staying:
        tell(f"  {holding.kind:<10} {holding.name} ({holding.stays})")


def _held(chosen: Settings) -> list[Holding]:
    from lab_engine.machine import chosen as which

    try:
        from lab_engine.bench import inventory, owner

        return inventory.holdings(owner.name(chosen.data_dir))
    except DockerUnavailable as error:
        # Where benches are in the machine, this computer need not have an engine.
        if which.is_machine(chosen, os.environ):
            return []
        raise DockerUnavailable(
            error.message,
            hint=f"{error.hint}\nWithout it, images and benches stay; `infralab uninstall "
            "--without-docker` removes the folders only.",
        ) from None


def _remove(held: Sequence[Holding]) -> list[str]:
    if not held:
        return []
    from lab_engine.bench import inventory

    say("Removing what is in the Docker engine …")
    return [f"{holding.kind} {holding.name}: {why}" for holding, why in inventory.remove(held)]


def _remove_machine(where: Place) -> list[str]:
    from lab_engine.machine import life

    try:
        life.remove(where, say)
    except BenchError as error:
        return [f"{error.message}: {error.hint}"]
    return []


def _folders(chosen: Settings, *, keep: bool) -> list[Path]:
    clone = Path(__file__).parents[2]
    venv = Path(sys.prefix)
    found = [chosen.cache_dir, chosen.config_file.parent]
    if not keep:
        found.append(chosen.data_dir)
    # Only the launcher's own: what pip or pipx installed is theirs to remove.
    if venv == clone / ".venv":
        found += [venv, clone / ".venv.lock"]
    return found


def _packages(data: Path) -> list[str]:
    try:
        return sorted(set((data / "installed-packages").read_text().split()))
    except OSError:
        return []


def _stop_engine(pidfile: Path) -> bool:
    """Stop the engine if the launcher started it and nobody else uses it now."""
    try:
        pid = int(pidfile.read_text())
        program = Path(f"/proc/{pid}/comm").read_text().strip()
    except (OSError, ValueError):
        return False
    # The number may be another program's by now.
    if program != "dockerd" or os.geteuid() != 0:
        return False
    from lab_engine.bench import engine

    try:
        if engine.connect().api.containers():
            return False
    except DockerUnavailable:
        return False
    os.kill(pid, signal.SIGTERM)
    end = time.monotonic() + 15
    while Path(f"/proc/{pid}").exists() and time.monotonic() < end:
        time.sleep(0.1)
    return True
