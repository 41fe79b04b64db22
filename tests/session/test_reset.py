"""A reset brings back the step's start, whatever somebody with sudo changed in the bench."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from lab_engine.bench.container import Bench
from lab_engine.protocol import Difference, TakeBaseline, Undo
from lab_engine.session.provisioning import STEP
from lab_engine.session.session import Session
from tests.bench.conftest import ok
from tests.session.conftest import Begin

pytestmark = [pytest.mark.bench, pytest.mark.slow]


class Change(NamedTuple):
    """A command for root that changes something, and one that shows it."""

    act: str
    look: str


SET_UP = """
ip netns add lab; ip link add wire type veth peer name far; ip link set wire up
ip link add span type bridge; ip link set far master span; touch /srv/there
ip -n lab link set lo up; ip addr add 192.0.2.9/24 dev wire
"""
CHANGES = (
    Change("sysctl -qw net.ipv4.ip_forward=0", "sysctl net.ipv4.ip_forward"),
    Change("sysctl -qw net.ipv4.conf.all.rp_filter=2", "sysctl net.ipv4.conf.all.rp_filter"),
    Change("sysctl -qw net.ipv4.icmp_echo_ignore_all=1", "sysctl net.ipv4.icmp_echo_ignore_all"),
    Change("echo 192.0.2.7 mail >> /etc/hosts", "cat /etc/hosts"),
    Change("echo nameserver 192.0.2.53 > /etc/resolv.conf", "cat /etc/resolv.conf"),
    Change("useradd -m intruder", "cat /etc/passwd /etc/shadow /etc/group; ls /home"),
    Change("usermod -aG root learner", "cat /etc/group"),
    Change(
        "echo 'learner hard nofile 16' > /etc/security/limits.d/x.conf", "ls /etc/security/limits.d"
    ),
    Change("mkdir -p /etc/cron.d; echo '* * * * * root true' > /etc/cron.d/x", "ls -d /etc/cron.d"),
    Change(
        "rm /etc/localtime; ln -s /usr/share/zoneinfo/Etc/GMT+5 /etc/localtime",
        "readlink /etc/localtime",
    ),
    Change("ln -sf /bin/true /etc/alternatives/editor", "readlink /etc/alternatives/editor"),
    Change("rm /etc/login.defs", "cat /etc/login.defs"),
    Change("chmod 666 /etc/shadow", "stat -c %a /etc/shadow"),
    Change("echo true > /usr/local/bin/ls; chmod +x /usr/local/bin/ls", "/bin/ls /usr/local/bin"),
    Change(
        "mkdir -p /root/.ssh; echo key >> /root/.ssh/authorized_keys",
        "cat /root/.ssh/authorized_keys",
    ),
    Change("echo x > /dev/shm/left", "ls /dev/shm"),
    Change("setfacl -m u:nobody:rwx /srv/there", "getfacl -c /srv/there"),
    Change("setfattr -n user.note -v mine /srv/there", "getfattr -d --absolute-names /srv/there"),
    Change("hostname elsewhere", "hostname"),
    Change("ip rule add from 192.0.2.0/24 lookup 100 pref 500", "ip rule"),
    Change("ip -6 rule add from 2001:db8::/32 lookup 100 pref 500", "ip -6 rule"),
    Change(
        "ip neigh add 192.0.2.77 lladdr 02:00:00:00:00:77 dev wire nud permanent",
        "ip neigh show nud permanent",
    ),
    Change("tc qdisc add dev wire root handle 5: pfifo limit 5", "tc qdisc show dev wire"),
    Change(
        "bridge fdb add 02:00:00:00:00:99 dev far master static",
        "bridge fdb show dev far | grep :99",
    ),
    Change(
        'python3 -c \'import ctypes; opened = ctypes.CDLL("libc.so.6").mq_open; '
        'assert opened(b"/left", 66, 0o600, None) >= 0\'',
        "ls /dev/mqueue",
    ),
    Change("ipcmk -M 64 -p 600", "ipcs -m | wc -l"),
    Change(
        "nft add table inet mine; nft add set inet mine s '{ type ipv4_addr; }'",
        "nft list tables inet",
    ),
    Change("iptables -A INPUT -s 203.0.113.1 -j DROP", "iptables -S INPUT"),
    Change("mount -t tmpfs none /mnt", "mount | grep ' /mnt '"),
    Change("mount -o remount,size=5m /tmp", "mount | grep ' /tmp '"),
    Change("setsid sleep 87651 > /dev/null 2>&1 < /dev/null &", "pgrep -xf 'sleep 87651'"),
    Change("truncate -s 1M /srv/d; losetup -f /srv/d", "losetup -n -O BACK-FILE -l | grep srv"),
    Change("chattr +i /srv/there", "lsattr /srv/there"),
    Change("mkdir -p /srv/shut/in; chattr +i /srv/shut", "ls -d /srv/shut /srv/shut/in"),
)
IN_NAMESPACE = (
    "ip netns exec lab sysctl -qw net.ipv4.ip_forward=0",
    "ip netns exec lab sysctl -qw net.ipv4.conf.lo.rp_filter=2",
    "ip -n lab rule add from 192.0.2.0/24 lookup 100 pref 500",
    "ip netns exec lab tc qdisc add dev lo root handle 5: pfifo limit 5",
)


def shown(bench: Bench, look: str) -> bytes:
    """What root sees; also when the command fails, as it does of what is gone."""
    return bench.run(["bash", "-c", f"{look} 2>&1"]).stdout


async def started(begin: Begin) -> Session:
    """A session in a step without a daemon, with things besides that it began with."""
    session = await begin(lesson="namespaces")
    await session.enter("look")
    ok(session.bench.run(["bash", "-ec", SET_UP]))
    await session.connection.request(TakeBaseline, int, name=STEP)
    return session


@pytest.mark.timeout(600)
async def test_what_was_changed_with_sudo_is_as_it_was(begin: Begin) -> None:
    session = await started(begin)
    wrong: list[object] = []
    for change in CHANGES:
        before = shown(session.bench, change.look)
        done = session.bench.run(["bash", "-ec", change.act])
        if done.exit_code or shown(session.bench, change.look) == before:
            wrong.append((change.act, "changes nothing", done.stderr))
        left = await session.connection.request(Undo, Difference, name=STEP)
        after = shown(session.bench, change.look)
        if after != before or not left.none:
            wrong.append((change.act, left, before[-200:], after[-200:]))
    assert not wrong, "\n".join(map(str, wrong))


@pytest.mark.vm
@pytest.mark.timeout(600)
async def test_what_libvirt_does_not_tell_of_is_as_it_was(begin: Begin) -> None:
    session = await begin(lesson="kvm-and-virsh")
    await session.enter("revert")
    vm = session.variables.vm  # type: ignore[attr-defined]
    folder = "$(virsh pool-dumpxml $(virsh pool-list --name | head -1) --xpath '//path/text()')"
    for change in (
        Change(
            f"virsh qemu-monitor-command {vm} --hmp savevm mine",
            f"virsh qemu-monitor-command {vm} --hmp info snapshots | grep mine",
        ),
        Change(f"ln -s /nowhere {folder}/link", f"ls {folder}"),
        Change(
            "echo '<filter name=\"mine\"/>' > /tmp/f; virsh nwfilter-define /tmp/f; rm /tmp/f",
            "virsh nwfilter-list | grep mine",
        ),
        Change(
            "echo '<secret><usage type=\"ceph\"><name>mine</name></usage></secret>' > /tmp/s; "
            "virsh secret-define /tmp/s; rm /tmp/s",
            "virsh secret-list | grep mine",
        ),
    ):
        before = shown(session.bench, change.look)
        ok(session.bench.run(["bash", "-ec", change.act]))
        assert shown(session.bench, change.look) != before, change
        assert (await session.reset()).none, change
        assert shown(session.bench, change.look) == before, change


async def test_a_namespace_that_was_changed_is_named(begin: Begin) -> None:
    """It is taken away, and made again when it is the step's; this one is not."""
    session = await started(begin)
    for act in IN_NAMESPACE:
        ok(session.bench.run(["bash", "-ec", act]))
        left = await session.connection.request(Undo, Difference, name=STEP)
        assert left.removed == ("netns/lab",), act
        ok(session.bench.run(["bash", "-ec", "ip netns add lab; ip -n lab link set lo up"]))
        assert (await session.connection.request(Undo, Difference, name=STEP)).none, act
