from __future__ import annotations

import re
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab_engine.errors import ProviderError
from lab_engine.families.libvirt.guests.save_file import MAGIC, SaveHeader, clone
from tests.clock import in_any_time

HEADER = struct.Struct("<16s19I")
XML = "<domain id='3'><name>template</name><uuid>1111</uuid></domain>"
COOKIE = "<cookie><cpu/></cookie>"
STREAM = b"QEVM" + bytes(range(256)) * 300


def saved(xml: str = XML, cookie: str = COOKIE, room: int = 65444, magic: bytes = MAGIC,
          version: int = 2) -> bytes:  # fmt: skip
    data = xml.encode() + b"\0"
    offset = len(data) if cookie else 0
    data += (cookie.encode() + b"\0") if cookie else b""
    data = data.ljust(room, b"\0")
    return HEADER.pack(magic, version, len(data), 1, 0, offset, *[0] * 14) + data + STREAM


def parts(content: bytes) -> tuple[SaveHeader, bytes]:
    size = HEADER.unpack_from(content)[2]
    data = content[HEADER.size : HEADER.size + size]
    return SaveHeader.parse(content[: HEADER.size], data), content[HEADER.size + size :]


def test_clone_replaces_the_identity_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(saved())
    clone(tmp_path / "a", tmp_path / "b", lambda xml: xml.replace("template", "web"))
    header, stream = parts((tmp_path / "b").read_bytes())
    assert stream == STREAM
    assert header.xml == XML.replace("template", "web")
    assert header.cookie == COOKIE
    assert len((tmp_path / "b").read_bytes()) == len(saved())


@in_any_time
@given(name=st.text("abc-", min_size=1, max_size=70_000), cookie=st.booleans())
def test_any_length_keeps_stream_and_alignment(name: str, cookie: bool) -> None:
    head, stream = parts(saved(cookie=COOKIE if cookie else ""))
    packed = head.with_xml(f"<domain><name>{name}</name></domain>").pack()
    back, rest = parts(packed + stream)
    assert back.xml == f"<domain><name>{name}</name></domain>"
    assert back.cookie == (COOKIE if cookie else "")
    assert rest == STREAM
    assert len(packed) % 65536 == 0


def test_name_and_uuid_in_the_cookie_follow() -> None:
    head, _ = parts(saved(cookie="<cookie><uuid>1111</uuid><name>template</name></cookie>"))
    new = head.with_xml(re.sub("1111", "2222", XML).replace("template", r"w\1eb"))
    assert new.cookie == r"<cookie><uuid>2222</uuid><name>w\1eb</name></cookie>"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"LibvirtQemudSave",
        saved(magic=b"LibvirtQemudPart"),
        saved(version=3),
        saved()[:2000],
        HEADER.pack(MAGIC, 2, 0, 1, 0, 0, *[0] * 14),
        HEADER.pack(MAGIC, 2, 100, 1, 0, 101, *[0] * 14) + bytes(100),
        HEADER.pack(MAGIC, 2, 4_000_000_000, 1, 0, 0, *[0] * 14) + bytes(100),
    ],
    ids=("empty", "short", "half-saved", "version", "cut", "no-data", "offset", "huge"),
)
def test_what_is_no_save_file_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a").write_bytes(content)
    with pytest.raises(ProviderError):
        clone(tmp_path / "a", tmp_path / "b", lambda xml: xml)
    assert not (tmp_path / "b").exists()
