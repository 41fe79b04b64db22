"""Statements about virtual machines, on real ones: right and wrong ways of the same task."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import pytest

from lab_engine import protocol as p
from lab_engine.authoring import (
    VM,
    Pool,
    See,
    require_booted,
    require_disk,
    require_domain,
    require_guest_mount,
    require_reverted,
    require_snapshot,
    require_volume,
)
from lab_engine.bench.container import Bench
from tests.bench.conftest import ok
from tests.requirements.conftest import Stage, Statement, connected

pytestmark = [pytest.mark.bench, pytest.mark.vm, pytest.mark.slow]

VM_NAME = "alpha"
AWAKE = f"timeout 150 sh -c 'until virsh guestinfo {VM_NAME} >/dev/null 2>&1; do sleep 0.3; done'"
POOL = "/var/lib/infralab-pool"


def inside(script: str) -> str:
    """A command that runs a script in the guest through its agent, and waits for its end."""
    agent = f"virsh qemu-agent-command {VM_NAME}"
    run = '{"execute":"guest-exec","arguments":{"path":"/bin/sh","arg":["-c","' + script + '"]}}'
    status = """{"execute":"guest-exec-status","arguments":{"pid":'$pid'}}"""
    return (
        f"pid=$({agent} '{run}' | jq .return.pid); for _ in $(seq 300); do "
        f"{agent} '{status}' | grep -q 'exited\":true' && break; sleep 0.1; done"
    )


@pytest.fixture(scope="module")
def host(make_bench: Callable[..., Bench]) -> Bench:
    made = make_bench("machines", memory=2 << 30)
    ok(made.run(["/usr/lib/infralab/bin/start-libvirt"]))
    return made


@pytest.fixture
async def machine(host: Bench) -> AsyncIterator[Stage]:
    """A running VM with 128 MiB, and a pool without volumes."""
    async with connected(host) as link:
        stage = Stage(host, link)
        await stage.type("mkdir -p ~/work")
        resources = (Pool("store"), VM(VM_NAME, memory=256, memory_now=128, vcpus=1, vcpus_max=2))
        await link.request(p.Provision, p.ProvisionReport, resources=resources)
        yield stage
        await stage.type(
            f"virsh destroy {VM_NAME} >/dev/null 2>&1 || true; "
            f"virsh snapshot-list {VM_NAME} --name | xargs -rn1 virsh snapshot-delete {VM_NAME} "
            "--metadata >/dev/null || true; "
            "for v in $(virsh vol-list store | awk 'NR>2{print $1}'); "
            "do virsh vol-delete $v store >/dev/null; done; rm -rf ~/work/*"
        )
        await link.request(p.Teardown, object)


async def goes(stage: Stage, statement: Statement, *ways: tuple[str, str]) -> None:
    """Type each script in turn, and see what the statement says after it."""
    for script, reason in ways:
        await stage.type(script)
        assert await stage.reason(statement, settled=reason) == reason, script


async def test_sizes_now_and_kept(machine: Stage) -> None:
    async def memory(see: See) -> None:
        await require_domain(see, VM_NAME, memory=192)

    await goes(
        machine,
        memory,
        ("true", "other-memory"),
        (f"virsh setmem {VM_NAME} 192M --live", "other-memory-kept"),
        (f"virsh setmem {VM_NAME} 192M --config", "pass"),
        (f"virsh setmem {VM_NAME} 197120 --live", "other-memory"),
        (f"virsh setmem {VM_NAME} 192M --live --config", "pass"),
        (f"virsh setmem {VM_NAME} 197120 --config", "other-memory-kept"),
        (f"virsh setmem {VM_NAME} 196608 --config", "pass"),
        (f"virsh suspend {VM_NAME}", "paused"),
        (f"virsh resume {VM_NAME}", "pass"),
        (f"virsh undefine {VM_NAME}", "transient"),
    )


async def test_definition(machine: Stage) -> None:
    named = await machine.type(f"virsh dumpxml {VM_NAME} --xpath '//os/kernel/text()'")
    disk = await machine.type(f"virsh dumpxml {VM_NAME} --xpath '//os/initrd/text()'")

    async def as_it_was(see: See) -> None:
        await require_domain(
            see, VM_NAME, state="", vcpus=1, vcpus_max=2, kernel=named, initrd=disk, autostart=True
        )

    change = f"virsh dumpxml --inactive {VM_NAME} > a.xml; sed -i '{{}}' a.xml; virsh define a.xml"
    await goes(
        machine,
        as_it_was,
        ("true", "other-autostart"),
        (f"virsh autostart {VM_NAME}", "pass"),
        (f"virsh setvcpus {VM_NAME} 2 --config", "other-vcpus-kept"),
        (f"virsh setvcpus {VM_NAME} 1 --config", "pass"),
        (change.format("/<initrd>/d"), "other-initrd"),
        (change.format(f"s|</kernel>|</kernel><initrd>{disk}</initrd>|"), "pass"),
        (change.format("s|<vcpu.*|<vcpu>4</vcpu>|"), "other-vcpus-kept"),
    )


async def test_booted(machine: Stage) -> None:
    async def booted(see: See) -> None:
        await require_booted(see, VM_NAME)

    await machine.start(booted)
    await goes(
        machine,
        booted,
        (f"virsh suspend {VM_NAME}; virsh resume {VM_NAME}", "not-booted"),
        (f"virsh managedsave {VM_NAME}; virsh start {VM_NAME}", "not-booted"),
        (f"virsh destroy {VM_NAME}", "off"),
        (f"virsh start {VM_NAME} --paused", "paused"),
        (f"virsh resume {VM_NAME}", "pass"),
    )


async def test_volumes_and_disks(machine: Stage) -> None:
    async def volume(see: See) -> None:
        await require_volume(see, "store", "data", format="qcow2", size=64 << 20)

    async def disk(see: See) -> None:
        await require_disk(see, VM_NAME, "store", "data", target="vda", format="qcow2")

    await goes(
        machine,
        volume,
        ("true", "absent"),
        ("virsh vol-create-as store data 64M", "other-format"),
        ("virsh vol-delete data store; virsh vol-create-as store data 65M --format qcow2",
         "other-size"),
        ("virsh vol-delete data store; virsh vol-create-as store data 67109376B --format qcow2",
         "other-size"),
        ("virsh vol-delete data store; virsh vol-create-as store data 64M --format qcow2", "pass"),
        ("sudo qemu-img create -qf qcow2 $(virsh vol-path data store) 32M", "other-size"),
        ("virsh vol-delete data store; p=$(virsh pool-dumpxml store --xpath "
         "'//target/path/text()'); sudo qemu-img create -qf qcow2 $p/data 64M", "pass"),
    )  # fmt: skip
    path = await machine.type("virsh vol-path data store")
    attach = f"virsh attach-disk {VM_NAME}"
    detach = f"virsh detach-disk {VM_NAME} vda --persistent >/dev/null; sleep 1"
    xml = (
        "printf \"<disk type='volume' device='disk'><driver name='qemu' type='qcow2'/>"
        "<source pool='store' volume='data'/><target dev='vda' bus='virtio'/></disk>\" > d.xml"
    )
    await goes(
        machine,
        disk,
        ("true", "not-attached"),
        (f"{attach} {path} vda --subdriver qcow2 --live", "not-kept"),
        (f"{attach} {path} vda --subdriver qcow2 --config", "pass"),
        (f"{detach}; {attach} {path} vda --persistent", "other-format"),
        (f"{detach}; {attach} {path} vdb --subdriver qcow2 --persistent", "other-target"),
        (f"virsh detach-disk {VM_NAME} vdb --persistent; sleep 1; {xml}; "
         f"virsh attach-device {VM_NAME} d.xml --persistent", "pass"),
        (f"{detach}; sudo ln -sf {path} /var/lib/libvirt/images/link; "
         f"{attach} /var/lib/libvirt/images/link vda --subdriver qcow2 --persistent", "pass"),
        (f"{detach}; sudo cp {path} /var/lib/libvirt/images/copy; "
         f"{attach} /var/lib/libvirt/images/copy vda --subdriver qcow2 --persistent",
         "not-attached"),
        (f"{detach}; {attach} {path} vda --subdriver qcow2 --persistent", "pass"),
    )  # fmt: skip

    async def mounted(see: See) -> None:
        await require_guest_mount(
            see, VM_NAME, "/data", kind="ext4", device="/dev/vda", writable=True
        )

    await machine.type(AWAKE)
    await goes(
        machine,
        mounted,
        (inside("mkdir /data; mkfs.ext2 /dev/vda"), "not-mounted"),
        (inside("mount -t ext4 /dev/vda /data"), "other-filesystem"),
        (inside("umount /data; mkfs.ext4 -qF /dev/vda; mount /dev/vda /data"), "pass"),
        (inside("mount -o remount,ro /data"), "other-mode"),
        (inside("mount -o remount,rw /data; mount -t tmpfs none /data"), "other-device"),
        (inside("umount /data"), "pass"),
    )


async def test_snapshots(machine: Stage) -> None:
    async def taken(see: See) -> None:
        await require_snapshot(see, VM_NAME, "calm", older_than="/data")

    async def back(see: See) -> None:
        await require_reverted(see, VM_NAME, "calm")

    await machine.type(
        "virsh vol-create-as store data 64M --format qcow2; virsh attach-disk alpha "
        "$(virsh vol-path data store) vda --subdriver qcow2 --persistent"
    )
    await machine.type(AWAKE)
    await machine.type(inside("mkdir /data; touch /data/ledger"))
    snap, away = f"virsh snapshot-create-as {VM_NAME} calm", "rm -f /data/ledger"
    drop = f"virsh snapshot-delete {VM_NAME} calm"
    await goes(
        machine,
        taken,
        ("true", "no-snapshot"),
        (f"{inside(away)}; sleep 4; {snap}", "too-late"),
        (f"{inside('touch -d 2030-01-01 /data')}; true", "pass"),
        (f"{drop}; sleep 3; {snap}; {inside('touch /data/ledger')}; sleep 2; {inside(away)}",
         "pass"),
    )  # fmt: skip
    await machine.start(back)
    await goes(
        machine,
        back,
        ("true", "not-reverted"),
        (f"virsh destroy {VM_NAME}; virsh start {VM_NAME}; {AWAKE}; "
         f"{inside('mkdir -p /data; touch /data/ledger')}", "not-reverted"),
        (f"virsh snapshot-create-as {VM_NAME} other; virsh snapshot-revert {VM_NAME} other",
         "other-snapshot"),
        (f"virsh snapshot-revert {VM_NAME} calm --paused", "paused"),
        (f"virsh resume {VM_NAME}", "pass"),
        (f"virsh snapshot-revert {VM_NAME} calm --running", "pass"),
        (drop, "no-snapshot"),
    )  # fmt: skip
