"""A zip file that is made in one way only, and read with distrust.

The writer knows one form: members in order, without gaps, extra fields, comments, folders or links,
with short plain names. So the reader refuses all else, and need not guess what another program
would make of it. Source: APPNOTE.TXT 6.3, "Overall .ZIP file format".
"""

from __future__ import annotations

import errno
import io
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from lab_engine.common import ordinary
from lab_engine.grading.submission.refused import Refused
from lab_engine.shown import shown

MOST_PACKED: Final = 64 << 20
"""Bytes of the file."""
MOST_BYTES: Final = 192 << 20
"""Of all members together: whoever reads them holds them in memory."""
MOST_MEMBERS: Final = 4000
NAME: Final = re.compile(r"[A-Za-z0-9][\w.-]*(?:/[A-Za-z0-9][\w.-]*){0,3}\Z", re.ASCII)
LONGEST_NAME: Final = 200
_WHEN: Final = (1980, 1, 1, 0, 0, 0)
"""No member says when: two files with the same content are the same."""
_END: Final = struct.Struct("<4sHHHHIIH")
_END_SIGN: Final = b"PK\x05\x06"
_LOCAL: Final = struct.Struct("<4sHHHHHIIIHH")
_LOCAL_SIGN: Final = b"PK\x03\x04"
_ENCRYPTED: Final = 0x1 | 0x40 | 0x2000


def write(members: Mapping[str, bytes]) -> bytes:
    """A zip file of the members, in their order. Raises ValueError for what `read` would refuse."""
    for name in members:
        if not NAME.match(name) or len(name) > LONGEST_NAME:
            raise ValueError(f"{name!r} is no name of a member")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", allowZip64=False) as archive:
        for name, data in members.items():
            info = zipfile.ZipInfo(name, _WHEN)
            info.external_attr = (stat.S_IFREG | 0o644) << 16
            info.create_system = 3
            archive.writestr(info, data, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def load(path: Path) -> bytes:
    """The bytes of a file that may be a submission. Raises Refused."""
    try:
        return ordinary.read(path, MOST_PACKED)
    except FileNotFoundError:
        raise Refused("absent", f"there is no file {path}", hint="Is its name right?") from None
    except OSError as error:
        reason = "too-big" if error.errno == errno.EFBIG else "unreadable"
        raise Refused(reason, f"{path.name}: {error.strerror}") from None


def members(data: bytes) -> dict[str, bytes]:
    """The members of a zip file in memory. Raises Refused."""
    begin = _directory(data)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            infos = archive.infolist()
            _require_plain(infos)
            _require_dense(data, infos, begin)
            return {info.filename: _inflated(archive, info) for info in infos}
    except (zipfile.BadZipFile, zlib.error, EOFError, struct.error) as error:
        raise Refused("damaged", f"it is damaged: {error}") from error
    except (NotImplementedError, RuntimeError, ValueError) as error:
        # What zipfile says of methods and names that it does not know.
        raise Refused("no-zip", f"it is no zip file that can be read: {error}") from error


def _directory(data: bytes) -> int:
    """Where the directory begins. Raises Refused for what is no zip file, or not only one."""
    if not data:
        raise Refused("empty", "the file is empty")
    if data[:4] != _LOCAL_SIGN:
        if _END_SIGN in data:
            raise Refused("no-zip", "something stands before its first member")
        raise Refused("no-zip", "it is no zip file")
    end = data[-_END.size :]
    if len(data) < _END.size or end[:4] != _END_SIGN:
        if 0 <= data.rfind(_END_SIGN) < len(data) - _END.size:
            raise Refused("trailing", "something follows after its end")
        raise Refused("cut-off", "its end is missing: it was cut off")
    _, disk, first, here, total, size, begin, comment = _END.unpack(end)
    if comment or disk or first or here != total:
        raise Refused("no-zip", "it has a comment, or is a part of several files")
    if total > MOST_MEMBERS:
        raise Refused("too-many", f"it has {total} members, and the most are {MOST_MEMBERS}")
    if int(begin) + int(size) + _END.size != len(data):
        raise Refused("no-zip", "its directory is not where it says")
    return int(begin)


def _require_plain(infos: list[zipfile.ZipInfo]) -> None:
    names: set[str] = set()
    room = MOST_BYTES
    for info in infos:
        # The name as it is in the file: zipfile ends one at a NUL, and turns separators.
        name = info.orig_filename
        told = shown(name)[:80]
        parts = re.split(r"[/\\]", name)
        if ".." in parts or parts[0] == "" or ":" in name or "\\" in name:
            raise Refused("path", f"a member is called {told!r}, which leads out of the folder")
        kind = stat.S_IFMT(info.external_attr >> 16)
        if kind == stat.S_IFLNK:
            raise Refused("link", f"{told} is a link")
        if name.endswith("/") or kind not in (0, stat.S_IFREG):
            raise Refused("no-file", f"{told} is no ordinary file")
        if not NAME.match(name) or len(name) > LONGEST_NAME or info.filename != name:
            raise Refused("name", f"a member is called {told!r}, as none of infralab's is")
        # Also where only the case differs: on some systems that is one file.
        if name.lower() in names:
            raise Refused("duplicate", f"{told} is there twice")
        names.add(name.lower())
        if info.flag_bits & _ENCRYPTED:
            raise Refused("encrypted", f"{told} is encrypted")
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise Refused("method", f"{told} is compressed in a way that infralab does not use")
        room -= info.file_size
        if room < 0:
            raise Refused("too-big", f"its members have more than {MOST_BYTES >> 20} MiB together")


def _require_dense(data: bytes, infos: list[zipfile.ZipInfo], begin: int) -> None:
    """One member ends where the next begins: no bytes serve two of them, and none serve nobody."""
    at = 0
    for info in infos:
        if info.header_offset != at:
            raise Refused("overlap", f"{info.filename} is not where the member before it ends")
        sign, *_, length, extra = _LOCAL.unpack_from(data, at)
        if sign != _LOCAL_SIGN or extra or info.extra or info.comment:
            raise Refused("no-zip", f"{info.filename} has a header as infralab writes none")
        at += _LOCAL.size + length + info.compress_size
    if at != begin:
        raise Refused("overlap", "its members do not fill it")


def _inflated(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    """Never more than its size says, whatever its bytes would become."""
    with archive.open(info) as file:
        data = file.read(info.file_size + 1)
    if len(data) != info.file_size:
        raise Refused("damaged", f"{info.filename} is shorter than it says")
    return data
