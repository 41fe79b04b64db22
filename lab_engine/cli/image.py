"""`infralab image`: the image that benches are started from, and files of it for classrooms."""

from __future__ import annotations

import argparse
from pathlib import Path

from lab_engine.cli.words import Progress, add_json, confirm, emit_json, table, tell, verb


def add(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe the verb and its parts."""
    parser = verb(
        verbs,
        "image",
        "build, save, load, list or remove the bench image",
        about="The image that benches are started from. A classroom without a network gets it as "
        "a file: save it on one machine, load it on the others. A clone adds the Python "
        "packages, too, so that `./infralab image load FILE` is the whole set-up there.",
        examples=(
            ("infralab image build", "build it if this version's is missing"),
            ("infralab image save bench.tar", "write it to a file, with its SHA-256 beside it"),
            ("infralab image save bench.tar --packs proxies", "with a big system"),
            ("infralab image load bench.tar", "take it from such a file"),
            ("infralab image list", "what is in the engine"),
            ("infralab image status", "exit code 0 if this version's is there, else 1"),
            ("infralab image remove --old", "remove those of other versions"),
        ),
    )
    parts = parser.add_subparsers(dest="part", metavar="ACTION", required=True)
    parts.add_parser("build", help="build it if this version's is missing")
    save = parts.add_parser("save", help="write it to a file")
    save.add_argument("file", type=Path, metavar="FILE")
    save.add_argument("--no-wheels", action="store_true", help="without the Python packages")
    chosen = save.add_mutually_exclusive_group()
    chosen.add_argument(
        "--packs", nargs="+", default=[], metavar="NAME", help="with these packs, or `all`"
    )
    chosen.add_argument("--all", action="store_true", help="with every pack")
    load = parts.add_parser("load", help="take it from a file that `image save` wrote")
    load.add_argument("file", type=Path, metavar="FILE")
    add_json(parts.add_parser("list", help="what is in the engine"))
    add_json(parts.add_parser("status", help="whether this version's is there"))
    remove = parts.add_parser("remove", help="remove all of them")
    remove.add_argument("--old", action="store_true", help="only those of other versions")
    remove.add_argument("--yes", action="store_true", help="do not ask")


def run(args: argparse.Namespace) -> int:
    """Do one of the parts."""
    return {
        "build": _build,
        "save": _save,
        "load": _load,
        "list": _list,
        "status": _status,
        "remove": _remove,
    }[args.part](args)


def _build(_: argparse.Namespace) -> int:
    from lab_engine.bench import image

    with Progress() as progress:
        tag = image.ensure_image(progress)
    print(tag)
    return 0


def _save(args: argparse.Namespace) -> int:
    from lab_engine.course import pack
    from lab_engine.packs import image

    whole = args.all or args.packs == ["all"]
    names = list(pack.recipes()) if whole else args.packs
    # A wrong name is told before minutes are spent.
    pack.chain(names)
    with Progress() as progress:
        path = image.save(args.file.absolute(), names, progress, packages=not args.no_wheels)
    print(f"{path} ({path.stat().st_size >> 20} MiB); its SHA-256 is in {path.name}.sha256")
    return 0


def _load(args: argparse.Namespace) -> int:
    from lab_engine.bench import image
    from lab_engine.packs import image as packed

    with Progress() as progress:
        tag = image.load(args.file.absolute(), progress)
    print(f"The bench image {tag} is there.")
    there = packed.there()
    if there:
        print(f"Packs that are there: {', '.join(there)}.")
    return 0


def _list(args: argparse.Namespace) -> int:
    from lab_engine.bench import inventory
    from lab_engine.packs import image as packed

    images = inventory.images(packed.current())
    if args.json:
        emit_json({"images": images})
    elif images:
        rows = [
            (i.tag, f"{i.size >> 20} MiB", i.created, "this version's" if i.wanted else "")
            for i in images
        ]
        print(table(rows, head=("IMAGE", "SIZE", "CREATED", "")))
    else:
        print("There is none. `infralab image build` makes it.")
    return 0


def _status(args: argparse.Namespace) -> int:
    from lab_engine.bench import image

    state = image.state()
    if args.json:
        emit_json(state)
    else:
        print(f"{state.bench} {'is there' if state.bench_present else 'is not built'}")
    return 0 if state.bench_present else 1


def _remove(args: argparse.Namespace) -> int:
    from lab_engine.bench import inventory
    from lab_engine.packs import image as packed

    chosen = [i for i in inventory.images(packed.current()) if not (args.old and i.wanted)]
    if not chosen:
        print("There is nothing to remove.")
        return 0
    for image in chosen:
        tell(f"  {image.tag}")
    if not confirm("Remove these?", yes=args.yes):
        return 1
    left = inventory.remove(inventory.image_holdings(i.tag for i in chosen))
    for holding, reason in left:
        tell(f"{holding.name} stays: {reason}")
    return 3 if left else 0
