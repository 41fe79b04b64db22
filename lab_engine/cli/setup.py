"""`infralab setup`."""

from __future__ import annotations

import argparse
import time

from lab_engine.cli.words import Progress, verb


def add(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe the verb."""
    parser = verb(
        verbs,
        "setup",
        "build the bench image, once",
        about="Build the image that benches are started from, unless this version's is there. "
        "Interrupt it when you like: nothing half-made is left, and the next run goes on.",
        examples=(
            ("infralab setup", "2 to 3 minutes the first time, nothing to do afterwards"),
            ("infralab setup --guests", "boot the lessons' guests once, so that they start fast"),
            ("infralab setup --full-guest", "make the guest with systemd and ssh, too"),
            ("infralab setup --packs proxies", "build a pack before its lesson asks for it"),
        ),
    )
    parser.add_argument(
        "--guests",
        action="store_true",
        help="keep saved states of the small guests for all benches (about a minute)",
    )
    parser.add_argument(
        "--full-guest", action="store_true", help="make the full Debian guest (some minutes)"
    )
    parser.add_argument(
        "--packs", nargs="+", default=[], metavar="NAME", help="build these packs, or `all`"
    )
    # The launcher asks before it installs anything, and this is its answer.
    parser.add_argument("-y", "--yes", action="store_true", help="install what is missing unasked")


def run(args: argparse.Namespace) -> int:
    """Build what is missing."""
    from lab_engine import doctor
    from lab_engine.bench import guests, image
    from lab_engine.course import pack
    from lab_engine.packs import image as packed

    start = time.monotonic()
    names = list(pack.recipes()) if args.packs == ["all"] else args.packs
    # A wrong name is told before minutes are spent.
    pack.chain(names)
    # What the engine refuses shows in seconds, an image takes minutes.
    doctor.refuse_early()
    with Progress() as progress:
        tag = image.ensure_image(progress)
        if args.guests:
            guests.ensure_saved_states(progress)
        if args.full_guest:
            guests.ensure_full_guest(progress)
        for wanted in packed.mixtures(names):
            packed.ensure(wanted, progress)
    seconds = time.monotonic() - start
    made = f"built in {seconds:.0f} s" if seconds > 1.5 else "is there"
    print(f"The bench image {tag} {made}.")
    if args.guests:
        print("The small guests start from saved states.")
    if args.full_guest:
        print("The full guest is there.")
    if names:
        print(f"Packs that are there: {', '.join(names)}.")
    return 0
