"""The whole kit for learners as files: the engine as it is, chosen lessons stripped."""

from __future__ import annotations

import io
import stat
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from lab_engine.course import edition, find, used
from lab_engine.course.lesson import Course, Lesson
from lab_engine.grading.bundle import labs, texts

BESIDE: Final = (
    "infralab", "pyproject.toml", "requirements.lock", "requirements-dev.lock", "LICENSE",
)  # fmt: skip
"""What a clone has beside the engine, and the launcher needs."""
_WHEN: Final = (1980, 1, 1, 0, 0, 0)


def lesson_files(lesson: Lesson) -> dict[str, bytes]:
    """A lesson's stripped files by their path in a clone. Raises ContentError."""
    folder, lab = f"content/{lesson.folder.name}", f"labs/{lesson.lab_folder.name}"
    found: dict[str, bytes] = {}
    for path in sorted(lesson.folder.rglob("*")):
        if path.is_file():
            data = path.read_bytes()
            if path.suffix == ".md":
                data = texts.stripped(data.decode("utf-8-sig")).encode()
            found[f"{folder}/{path.relative_to(lesson.folder).as_posix()}"] = data
    modules: dict[str, bytes] = {}
    for path in sorted(lesson.lab_folder.rglob("*")):
        inner = path.relative_to(lesson.lab_folder)
        if not path.is_file() or "__pycache__" in inner.parts:
            continue
        if path.suffix == ".py" and "given" not in inner.parts:
            modules[inner.as_posix()] = path.read_bytes()
        else:
            found[f"{lab}/{inner.as_posix()}"] = path.read_bytes()
    for name, data in labs.stripped(modules).items():
        found[f"{lab}/{name}"] = data
    return found


def shared_files(lesson: Lesson) -> dict[str, bytes]:
    """What several labs share and this one uses, by its path in a clone. Raises ContentError.

    It belongs to no lesson and holds no proofs; one that does is refused.
    """
    own = lesson.lab_folder
    used_ones = [module for step in lesson.lab.steps for module in used.modules(lesson, step)]
    folders = {Path(str(module.__file__)).parent for module in used_ones} - {own}
    found: dict[str, bytes] = {}
    for folder in sorted(one for one in folders if own not in one.parents):
        for path in sorted(folder.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                name = f"labs/{folder.name}/{path.relative_to(folder).as_posix()}"
                found[name] = path.read_bytes()
                if path.suffix == ".py":
                    labs.require_no_proofs(found[name], name)
    return found


def edition_of(lesson: Lesson) -> str:
    """The edition that a lesson has where it was taken from a bundle, as `edition.of_lesson`."""
    files = lesson_files(lesson)
    return edition.of_files(
        {name: data for name, data in files.items() if name.startswith("content/")},
        {name: data for name, data in files.items() if name.startswith("labs/")},
    )


def files(course: Course, lessons: Sequence[Lesson]) -> dict[str, tuple[bytes, int]]:
    """Every file of the bundle with its mode, by its path in a clone. Raises ContentError."""
    package = Path(find.__file__).resolve().parents[1]
    found: dict[str, tuple[bytes, int]] = {"labs/__init__.py": (b"", 0o644)}
    for root in (package, find.beside("packs", "_packs")):
        name = root.name.removeprefix("_")
        for path in sorted(root.rglob("*")):
            inner = path.relative_to(root)
            skipped = {"__pycache__", "_content", "_packs"} & set(inner.parts)
            if path.is_file() and not skipped:
                found[f"{name}/{inner.as_posix()}"] = _file(path)
    for path in (package.parent / name for name in BESIDE):
        if path.is_file():
            found[path.name] = _file(path)
    for name in ("course.toml", "syllabus.tsv"):
        found[f"content/{name}"] = _file(course.content / name)
    for lesson in lessons:
        whole = lesson_files(lesson) | shared_files(lesson)
        found |= {name: (data, 0o644) for name, data in whole.items()}
    return found


def _file(path: Path) -> tuple[bytes, int]:
    return path.read_bytes(), 0o755 if path.stat().st_mode & 0o100 else 0o644


def packed(found: dict[str, tuple[bytes, int]]) -> bytes:
    """A zip file in which all is below `infralab/`."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, (data, mode) in sorted(found.items()):
            info = zipfile.ZipInfo(f"infralab/{name}", _WHEN)
            info.external_attr = (stat.S_IFREG | mode) << 16
            archive.writestr(info, data, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()
