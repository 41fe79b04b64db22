"""Digests of data and files."""

from __future__ import annotations

import hashlib
from pathlib import Path

from lab_engine.common import digest
from lab_engine.families.files.resources import File


def test_every_field_counts_and_the_order_of_keys_does_not() -> None:
    first = File("a", path="/srv/a", content="x")
    assert digest.of(first) == digest.of(File("a", path="/srv/a", content="x"))
    assert digest.of(first) != digest.of(File("a", path="/srv/a", content="y"))
    assert digest.of({"a": 1, "b": 2}) == digest.of({"b": 2, "a": 1})
    assert digest.of([1, 2]) != digest.of([2, 1])
    assert len(digest.of(first)) == 16


def test_files_are_told_apart_by_content_order_and_facts(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_bytes(b"1" * 3_000_000)
    two.write_bytes(b"2")
    with one.open("rb") as file:
        assert digest.of_file(file) == hashlib.sha256(b"1" * 3_000_000).hexdigest()
    found = {
        digest.of_files([one, two]),
        digest.of_files([two, one]),
        digest.of_files([one]),
        digest.of_files([one, two], ("other",)),
    }
    assert len(found) == 4
