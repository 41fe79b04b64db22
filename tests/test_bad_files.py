"""Whatever a file holds: it is read, or an error says in words what is wrong with it."""

from __future__ import annotations

import gzip
import io
import json
import os
import tarfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from lab_engine import settings
from lab_engine.bench import image
from lab_engine.common import digest, ordinary
from lab_engine.course.text import front
from lab_engine.course.text.parse import parse
from lab_engine.errors import ContentError, ImageError, UsageError
from lab_engine.recording import kept
from lab_engine.recording.cast import Unreadable, files, groups, read_cast, sizes

fuzzed = hypothesis_settings(max_examples=100, derandomize=True, deadline=None)
DEEP = "a = " + "[" * 3000 + "]" * 3000
TABLES = "[" + ".".join(["a"] * 3000) + "]\nb = 1"
DIGITS = "bench_memory = " + "9" * 5000
TOML = st.lists(
    st.sampled_from(
        ["bench_memory", "bench_idle", "bench_cpus", "mirror", "title", "=", "\n", '"', "[", "]",
         "{", "}", ",", ".", "1", "9" * 30, "1e9", "nan", "inf", "-", "4g", "2h", "'", "#", "true",
         "2026-01-01", "\ufeff", "\x1b", "+++", "\\u", "\r\n", " "]
    )
    | st.text(max_size=3),
    max_size=14,
).map("".join)  # fmt: skip
TEXT = st.lists(
    st.sampled_from(
        ["# ", "- ", "1. ", "```sh\n", "```\n", "~~~", ":::: task a\n", "::: hint\n", ":::\n",
         "::::\n", "::: question q\n", "- [x] a | b\n", "- [ ] b\n", "|a|b|\n|-|-|\n", "> ", "<b>",
         "@{name}", "@{", "@@{", "**", "`", "[a](b)", "![", "\n", "    ", "\t", "word", "\\"]
    )
    | st.text(max_size=3),
    max_size=20,
).map("".join)  # fmt: skip


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("home")
    (folder / ".config/infralab").mkdir(parents=True)
    return folder


def configured(home: Path, data: bytes) -> settings.Settings:
    (home / ".config/infralab/config.toml").write_bytes(data)
    return settings.load({"HOME": str(home)})


@fuzzed
@given(text=TOML, data=st.binary(max_size=40))
def test_any_configuration_is_taken_or_refused(home: Path, text: str, data: bytes) -> None:
    for raw in (text.encode(errors="surrogatepass"), data):
        with suppress(UsageError):
            configured(home, raw)


@pytest.mark.parametrize("text", [DEEP, TABLES, DIGITS, "bench_cpus = [" + "1," * 2000 + "]"])
def test_a_hard_configuration_is_refused_in_short_words(home: Path, text: str) -> None:
    with pytest.raises(UsageError) as found:
        configured(home, text.encode())
    assert len(str(found.value)) < 500


def test_a_byte_order_mark_and_foreign_line_ends_are_no_fault(home: Path) -> None:
    assert configured(home, b'\xef\xbb\xbfbench_memory = "2g"\r\n').bench_memory == 2 << 30


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("INFRALAB_DATA_DIR", "~nosuchuser/data", "no such user"),
        ("INFRALAB_BENCH_MEMORY", "999999999g", "at most"),
        ("INFRALAB_BENCH_MEMORY", "9" * 5000, "a size such as"),
        ("INFRALAB_BENCH_IDLE", "99999999h", "at most a year"),
        ("INFRALAB_BENCH_CPUS", "two", "a number of CPUs"),
        ("INFRALAB_BENCH_CPUS", "nan", "a number of CPUs"),
    ],
)
def test_a_value_that_cannot_be_is_refused(
    tmp_path: Path, variable: str, value: str, words: str
) -> None:
    with pytest.raises(UsageError) as found:
        settings.load({"HOME": str(tmp_path), variable: value})
    assert words in f"{found.value} {found.value.hint}"
    assert len(str(found.value)) < 500


@fuzzed
@given(TOML, TEXT)
def test_any_text_is_a_document_or_has_a_fault_with_a_place(toml: str, body: str) -> None:
    with suppress(ContentError):
        front.split(f"+++\n{toml}\n+++\n{body}", where="a.md")
    with suppress(ContentError):
        parse(body, {"name": "value"}, where="a.md")


@pytest.mark.parametrize("toml", [DEEP, TABLES, DIGITS + "x"])
def test_hard_front_matter_has_a_place(toml: str) -> None:
    with pytest.raises(ContentError, match=r"^a\.md: "):
        _converted(toml)


def _converted(toml: str) -> object:
    made = front.split(f"+++\n{toml}\n+++\n", where="a.md").front
    return front.convert(made, msgspec.defstruct("F", ["title"]), where="a.md")


@pytest.mark.parametrize(
    ("body", "line", "words"),
    [
        ("one\n\n@{name and more\n", 3, "never closed"),
        ("one\n\n```sh\nls\n", 3, "never closed"),
        (":::: task a\n```sh\nls\n::::\n", 2, "never closed"),
        ("- one\n\n  ```sh\n  ls\n\ntwo\n", 3, "never closed"),
        ("one\n\x1b[2Jtwo\n", 2, "U[+]001B"),
        ("one\n\ntwo\x9b\n", 3, "U[+]009B"),
    ],
)
def test_what_is_not_closed_or_not_text_has_its_line(body: str, line: int, words: str) -> None:
    with pytest.raises(ContentError, match=rf"^a\.md:{line}: .*{words}"):
        parse(body, {"name": "value"}, where="a.md")


@pytest.mark.parametrize(
    "body",
    [
        "```sh\nls\n```\n",
        "```sh\n```\n",
        "- one\n\n  ~~~~sh\n  ```\n  ~~~~\n",
        "@@{name",
        "@{name}",
    ],
)
def test_what_is_closed_is_taken(body: str) -> None:
    assert parse(body, {"name": "value"}, where="a.md").blocks


@pytest.mark.parametrize("title", ["", "  ", "one\\u001b[2J"])
def test_a_title_is_a_line_of_words(title: str) -> None:
    made = front.table(f'title = "{title}"', where="a.md")
    with pytest.raises(ContentError, match=r"title = .* cannot be shown"):
        front.convert(made, msgspec.defstruct("F", [("title", str)]), where="a.md")


HEADER = json.dumps(
    {"version": 2, "width": 80, "height": 24,
     "infralab": {"place": "bench", "argv": ["bash"], "began": 1000.0}}
)  # fmt: skip
EVENTS = st.lists(
    st.tuples(
        st.floats() | st.integers(-5, 5) | st.just(10**400),
        st.sampled_from(["i", "o", "r", "m", "x"]),
        st.text(max_size=6)
        | st.sampled_from(
            ['{"mark":"prompt"}', '{"mark":"exit","code":1}', '{"mark":"files","files":{"a":1}}',
             '{"mark":"hidden"}', '{"mark":' * 3000, "80x24", "0x0", "ls\r", "[" * 3000]
        ),
    ),
    max_size=8,
)  # fmt: skip


@fuzzed
@given(EVENTS, st.binary(max_size=60))
def test_any_recording_is_read_or_said_to_be_unreadable(
    events: list[tuple[float, str, str]], tail: bytes
) -> None:
    data = "\n".join([HEADER, *(json.dumps(event) for event in events)]).encode() + b"\n" + tail
    for raw in (data, tail, data[: len(data) // 2]):
        with suppress(Unreadable):
            cast = read_cast("1.cast", raw)
            groups(cast, 0)
            sizes(cast, 0)
            files([cast], 2000.0)


def keep(folder: Path, name: str, its: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / kept.INDEX).write_text(json.dumps({"lesson": "e", "files": {name: its}}))


def a_fifo(path: Path) -> None:
    os.mkfifo(path)


def a_sparse_file(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(3 << 30)


def a_folder(path: Path) -> None:
    path.mkdir()


@pytest.mark.parametrize("make", [a_fifo, a_sparse_file, a_folder])
@pytest.mark.timeout(30)
def test_what_is_no_ordinary_file_is_neither_waited_for_nor_read(
    tmp_path: Path, make: Callable[[Path], None]
) -> None:
    home = tmp_path / "home"
    (home / ".config/infralab").mkdir(parents=True)
    make(home / ".config/infralab/config.toml")
    with pytest.raises(UsageError, match="cannot be read"):
        settings.load({"HOME": str(home)})
    make(tmp_path / "a.md")
    with pytest.raises(ContentError, match="cannot be read"):
        front.read_front(tmp_path / "a.md", where="a.md")
    keep(tmp_path / "kept", "1.cast", "0")
    make(tmp_path / "kept/1.cast")
    with pytest.raises(Unreadable, match=r"1\.cast cannot be read"):
        kept.load(tmp_path / "kept")
    make(tmp_path / "image.tar")
    with pytest.raises(ImageError, match=r"image\.tar"):
        image.load(tmp_path / "image.tar")


@pytest.mark.parametrize("name", ["../secret.cast", "/etc/passwd", "a/b.cast", ".cast", "a\n.cast"])
def test_an_index_names_recordings_and_no_other_file(tmp_path: Path, name: str) -> None:
    secret = tmp_path / "secret.cast"
    secret.write_bytes(b"secret")
    keep(tmp_path / "kept", name, digest.of_bytes(b"secret"))
    with pytest.raises(Unreadable, match="no name of a recording"):
        kept.load(tmp_path / "kept")


def archive_of(manifest: bytes, name: str = "manifest.json") -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        info = tarfile.TarInfo(name)
        info.size = len(manifest)
        tar.addfile(info, io.BytesIO(manifest))
    return buffer.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x00" * 2000,
        archive_of(b"{}"),
        archive_of(b"[1]"),
        archive_of(b'[{"RepoTags":5}]'),
        archive_of(b'[{"RepoTags":["\xff"]}]'),
        archive_of(b"[" * 100_000),
        archive_of(b" " * (2 << 20)),
        archive_of(b"[]", "other.json"),
        gzip.compress(archive_of(b"[]"))[:40],
        gzip.compress(archive_of(b"[]"))[:20] + b"\xff" * 40,
        archive_of(b"[]")[:600],
    ],
    ids=range(12),
)
def test_what_is_no_image_archive_is_said_to_be_none(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "image.tar"
    path.write_bytes(data)
    with pytest.raises(ImageError, match=r"image\.tar"):
        image.load(path)


@fuzzed
@given(st.binary(max_size=300))
def test_a_file_is_read_as_it_is_up_to_its_limit(data: bytes) -> None:
    path = Path(f"/proc/self/fd/{os.memfd_create('one')}")
    try:
        path.write_bytes(data)
        assert ordinary.read(path, 300) == data
        if data:
            with pytest.raises(OSError, match="limit"):
                ordinary.read(path, len(data) - 1)
    finally:
        os.close(int(path.name))
