"""Proofs that need not be repeated: kept by a hash of everything that they depend on."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

import msgspec

from lab_engine.common import replacing
from lab_engine.course.lesson import Lesson
from lab_engine.proof.result import LessonProof

ENGINE = Path(__file__).resolve().parents[1]
# What tells and draws: no verdict of a check depends on it.
NOT_ENGINE = ("tui", "cli", "doctor", "__pycache__")


def content_hash(lesson: Lesson, seed: str) -> str:
    """Over the lesson's text and lab, the engine, the bench recipe and the seed."""
    digest = hashlib.sha256(seed.encode())
    for folder in (lesson.folder, lesson.lab_folder, ENGINE):
        for path in _files(folder):
            digest.update(str(path.relative_to(folder)).encode() + b"\0")
            digest.update(path.read_bytes())
    return digest.hexdigest()


def _files(folder: Path) -> Iterable[Path]:
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        if path.is_file() and "__pycache__" not in parts and parts[0] not in NOT_ENGINE:
            yield path


def load(folder: Path, key: str) -> LessonProof | None:
    """The kept proof, or None when there is none that can be read."""
    try:
        proof = msgspec.json.decode((folder / f"{key}.json").read_bytes(), type=LessonProof)
    except (OSError, msgspec.DecodeError):
        return None
    return msgspec.structs.replace(proof, kept=True)


def store(folder: Path, key: str, proof: LessonProof) -> None:
    """Keep a proof if it is good."""
    if proof.good:
        folder.mkdir(parents=True, exist_ok=True)
        replacing.write(folder / f"{key}.json", msgspec.json.encode(proof))
