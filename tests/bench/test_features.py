"""What a kernel says of its features, and a real look at the one under this engine."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lab_engine.bench import engine, features, tool
from lab_engine.bench.features import Kernel, Presence
from lab_engine.common.features import FEATURES
from lab_engine.errors import BenchError

SAID = """\
== release
6.12.0-test
== loaded
wireguard
dm_mod
== named
overlay
kvm
== systems
nodev\tsysfs
nodev\tnfs
\text4
== built
kernel/net/8021q/8021q.ko
== ready
kernel/drivers/md/dm-snapshot.ko.xz
kernel/drivers/net/ipvlan/ipvlan.ko.zst
== config
CONFIG_TUN=y
# CONFIG_FUSE_FS is not set
CONFIG_IP_VS=m
CONFIG_HZ=250
"""
WHERE = {
    "wireguard": Presence.THERE,
    "overlay": Presence.THERE,
    "nfs": Presence.THERE,
    "8021q": Presence.THERE,
    "tun": Presence.THERE,
    "ipvlan": Presence.READY,
    "ip_vs": Presence.READY,
    "fuse": Presence.ABSENT,
    "macvlan": Presence.ABSENT,
}


@pytest.mark.parametrize("name", WHERE)
def test_what_a_kernel_says(name: str) -> None:
    assert features.read(SAID, own=False).has(name) is WHERE[name]
    assert features.read(SAID, own=True).has(name) is WHERE[name]


def test_what_is_the_whole_computers_is_for_a_kernel_of_its_own() -> None:
    shared, own = features.read(SAID, own=False), features.read(SAID, own=True)
    assert [shared.has(name) for name in ("dm_mod", "dm_snapshot")] == [Presence.WHOLE] * 2
    assert [own.has(name) for name in ("dm_mod", "dm_snapshot")] == [
        Presence.THERE,
        Presence.READY,
    ]
    # What is not there is not there, whoever asks.
    assert shared.has("raid1") is own.has("raid1") is Presence.ABSENT


def test_a_kernel_that_tells_nothing_is_let_try() -> None:
    kernel = features.read("== release\n5.0\n== named\nkvm\n", own=False)
    assert kernel.has("8021q") is Presence.UNKNOWN
    assert kernel.lacks(["8021q"]) == {}
    assert features.read("", own=False).release == "unknown"


def test_only_what_would_not_work_is_lacking() -> None:
    kernel = Kernel("6.1", named=frozenset({"tun"}), ready=frozenset({"ip_vs"}))
    assert kernel.lacks(["tun", "ip_vs", "nfs"]) == {
        "ip_vs": Presence.READY,
        "nfs": Presence.ABSENT,
    }


@pytest.mark.bench
def test_the_engines_own_kernel_is_asked(image_tag: str) -> None:
    before = _loaded()
    kernel = features.look()
    info = engine.connect().api.info()
    assert kernel.release == info["KernelVersion"]
    # Each bench stands on it.
    assert kernel.has("overlay") is Presence.THERE
    found = {name: kernel.has(name) for name in FEATURES}
    assert Presence.UNKNOWN not in found.values() or not kernel.config
    if not engine.is_the_machines():
        whole = {found[name] for name, one in FEATURES.items() if one.whole}
        assert whole <= {Presence.WHOLE, Presence.ABSENT, Presence.UNKNOWN}
    assert _loaded() == before, "nothing is loaded by asking"


@pytest.mark.bench
def test_a_folder_that_is_not_there_is_left_out_and_not_made(image_tag: str) -> None:
    client, absent = engine.connect(), f"/infralab-test-{os.getpid()}"
    folders = {"/etc": "/host/etc", absent: "/host/absent", "/usr": "/host/usr"}
    said = tool.run(client, "looking", ["ls", "/host"], folders=folders)
    assert said.split() == [b"etc", b"usr"]
    assert not Path(absent).exists()
    with pytest.raises(BenchError, match="Read-only file system"):
        tool.run(client, "writing", ["touch", "/host/etc/x"], folders={"/etc": "/host/etc"})


def _loaded() -> str:
    path = Path("/proc/modules")
    return path.read_text() if path.exists() else ""
