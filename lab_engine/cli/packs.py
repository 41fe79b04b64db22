"""`infralab packs`: the big systems that lessons can ask for."""

from __future__ import annotations

import argparse
from typing import Any

from lab_engine.cli.words import Progress, add_json, emit_json, table, verb
from lab_engine.shown import shown


def add(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe the verb."""
    parser = verb(
        verbs,
        "packs",
        "list the big systems that lessons can ask for",
        about="A pack is a big system, such as Kubernetes, that only some lessons need. It is "
        "built on first use, from packages, and shared by all lessons that need it.",
        examples=(
            ("infralab packs", "all packs: size, lessons, built or not"),
            ("infralab packs --sbom proxies", "what is in one, as CycloneDX: versions, licences"),
            ("infralab packs --smoke proxies", "try one in a bench of its own"),
            ("infralab setup --packs proxies", "build one before its lesson"),
        ),
    )
    parser.add_argument("--sbom", metavar="NAME", help="print what is in a pack that is built")
    parser.add_argument("--smoke", metavar="NAME", help="build a pack and try it in a bench")
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """List the packs, or print the list of one."""
    from lab_engine.course.lesson import load_course
    from lab_engine.course.pack import recipes
    from lab_engine.packs import image, sbom, smoke

    if args.smoke:
        with Progress() as progress:
            done = smoke.try_out(args.smoke, progress)
        print(shown((done.stdout + done.stderr).decode(errors="replace")), end="")
        print(f"The pack {args.smoke} {'works' if done.exit_code == 0 else 'does not work'}.")
        return 0 if done.exit_code == 0 else 1
    if args.sbom:
        emit_json(sbom.cyclonedx(image.bill(args.sbom)))
        return 0
    lessons = load_course().lessons
    rows: list[dict[str, Any]] = []
    for name, recipe in recipes().items():
        pack = recipe.pack
        used = [lesson.slug for lesson in lessons if name in lesson.packs]
        rows.append(
            {
                "name": name,
                "about": pack.about,
                "version": pack.version,
                "download_mb": pack.size.download,
                "installed_mb": pack.size.installed,
                "minutes": pack.size.minutes,
                "needs": pack.needs,
                "licences": pack.licences,
                "lessons": used,
                "built": image.missing([name]) is None,
            }
        )
    if args.json:
        emit_json({"packs": rows})
        return 0
    cells = [
        (
            row["name"],
            f"{row['download_mb']} MB",
            f"{row['installed_mb']} MB",
            "built" if row["built"] else "not built",
            ", ".join(row["lessons"]) or "-",
            row["version"],
        )
        for row in rows
    ]
    print(table(cells, head=("PACK", "DOWNLOAD", "INSTALLED", "", "LESSONS", "BRINGS")))
    return 0
