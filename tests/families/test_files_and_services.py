"""What a lesson may declare of files, mounts and services, and what it is told otherwise."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from lab_engine.common.resource import Need
from lab_engine.errors import ResourceError
from lab_engine.families.files.resources import Directory, File, Mount, Tmpfs
from lab_engine.families.process.resources import FileReady, HttpReady, Service, TcpReady
from lab_engine.kernel import mountinfo


@pytest.mark.parametrize(
    ("make", "field"),
    [
        (lambda: File("x", path="etc/passwd"), "path"),
        (lambda: File("x", path="/etc/passwd"), "path"),
        (lambda: File("x", path="/srv/../etc/passwd"), "path"),
        (lambda: File("x", path="/srv/a/"), "path"),
        (lambda: File("x", path="/srv//a"), "path"),
        (lambda: File("x", path="/srvx/a"), "path"),
        (lambda: File("x", path="/srv/a\0b"), "path"),
        (lambda: File("x", path="/srv/a", mode=0o77777), "mode"),
        (lambda: File("x", path="/srv/a", owner="Mallory!"), "owner"),
        (lambda: File("x", path="/srv/a", content="x" * (1 << 20) + "x"), "content"),
        (lambda: File("x", path="/srv/a", within="cache"), "within"),
        (lambda: Directory("x", path="/srv/a", files={"../b": ""}), "files['../b']"),
        (lambda: Directory("x", path="/srv/a", files={"/b": ""}), "files['/b']"),
        (lambda: Directory("x", path="/srv/a", files={"b": "", "b/c": ""}), "files['b']"),
        (lambda: Mount("x", source="/proc", target="/srv/a"), "source"),
        (lambda: Mount("x", source="/srv/a", target="/srv/a"), "target"),
        (lambda: Mount("x", source="/srv/a", target="/srv/b", source_from="b"), "source_from"),
        (lambda: Tmpfs("x", target="/srv/a", size="0"), "size"),
        (lambda: Tmpfs("x", target="/srv/a", size="12"), "size"),
        (lambda: Tmpfs("x", target="/srv/a", size="5 apples"), "size"),
        (lambda: Service("x", argv=()), "argv"),
        (lambda: Service("x", argv=("a\0b",)), "argv"),
        (lambda: Service("x", argv=("true",), cwd="srv"), "cwd"),
        (lambda: Service("x", argv=("true",), env={"A B": ""}), "env['A B']"),
        (lambda: Service("x", argv=("true",), env={"INFRALAB_MARK": ""}), "env['INFRALAB_MARK']"),
        (lambda: Service("x", argv=("true",), ready=TcpReady(0)), "ready.port"),
        (lambda: Service("x", argv=("true",), ready=HttpReady(80, "x")), "ready.path"),
        (lambda: Service("x", argv=("true",), log="/etc/x.log"), "log"),
        (lambda: Service("x", argv=("true",), after=("site",)), "after[0]"),
        (lambda: File("../x", path="/srv/a"), "name"),
    ],
)
def test_wrong_field_is_named(make: Callable[[], Any], field: str) -> None:
    with pytest.raises(ResourceError) as caught:
        make()
    assert caught.value.field == field
    assert f"field {field}:" in str(caught.value)


def test_needs_come_from_references() -> None:
    file = File("page", path="/srv/cache/page", within="tmpfs/cache")
    mount = Mount(
        "web", source="/srv/a", target="/mnt/b", source_from="directory/a", within="tmpfs/b"
    )
    service = Service("s", argv=("true",), host="h1", after=("file/page",))
    assert file.needs() == (Need("tmpfs/cache"),)
    assert mount.needs() == (Need("directory/a"), Need("tmpfs/b"))
    assert service.needs() == (Need("host/h1", "running"), Need("file/page"))
    assert File("page", path="/srv/page").needs() == ()


def test_service_is_awaited_until_it_answers_only_if_that_can_be_seen() -> None:
    assert Service("s", argv=("true",)).final_stage() == "running"
    assert Service("s", argv=("true",), ready=FileReady("/srv/x")).final_stage() == "answers"


def test_readiness_survives_the_wire() -> None:
    service = Service("s", argv=("true",), ready=HttpReady(80, "/health"))
    assert msgspec.json.decode(msgspec.json.encode(service), type=Service) == service


def test_fingerprint_changes_with_a_field() -> None:
    one = Service("s", argv=("true",), env={"A": "1", "B": "2"})
    assert one.fingerprint() == Service("s", argv=("true",), env={"B": "2", "A": "1"}).fingerprint()
    assert one.fingerprint() != Service("s", argv=("true",), env={"A": "1"}).fingerprint()


def test_tmpfs_size_in_bytes() -> None:
    assert Tmpfs("t", target="/srv/t", size="64k").bytes == 65536
    assert Tmpfs("t", target="/srv/t", size="1g").bytes == 1 << 30


MOUNTINFO = """\
21 1 254:0 / / rw,relatime shared:1 master:2 - ext4 /dev/vda rw,discard
30 21 0:40 /part\\040one /srv/with\\040blank ro,nosuid - tmpfs infralab:s:tmpfs/a rw,size=64k
31 30 254:0 /srv/a /srv/with\\040blank rw - ext4 /dev/vda rw
"""


def test_mountinfo_with_blanks_layers_and_propagation() -> None:
    entries = mountinfo.parse(MOUNTINFO)
    assert entries[0].propagation == ("shared:1", "master:2")
    assert entries[1].target == "/srv/with blank"
    assert entries[1].root == "/part one"
    assert entries[1].read_only
    top = mountinfo.at("/srv/with blank", entries)
    assert top is not None
    assert top.fstype == "ext4"
    assert mountinfo.below("/srv", entries) == entries[1:]
    assert mountinfo.origin("/srv/with blank/x", entries) == ("254:0", "/srv/a/x")
    assert mountinfo.origin("/etc", entries) == ("254:0", "/etc")
