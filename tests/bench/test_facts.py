"""What the design says of a bench, each fact looked at in a real one."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from lab_engine.bench import engine, loops, recipe, walls
from lab_engine.bench.container import Bench
from tests.bench.conftest import fails, ok, sh

pytestmark = pytest.mark.bench

CAP_NUMBER = {"sys_module": 16, "sys_rawio": 17, "sys_boot": 22, "sys_time": 25}
CAP_ASKED = {"net_admin": 12, "sys_admin": 21}


def test_capabilities_of_the_host_are_not_held(bench: Bench) -> None:
    bits = int(sh(bench, "sed -n 's/^CapBnd:.//p' /proc/self/status"), 16)
    assert [name for name, number in CAP_NUMBER.items() if bits >> number & 1] == []
    assert [name for name, number in CAP_ASKED.items() if not bits >> number & 1] == []


def test_it_is_not_privileged(bench: Bench) -> None:
    config = bench.inspect()["HostConfig"]
    assert config["Privileged"] is False
    assert config["Devices"] in (None, [])
    block = bench.inspect()["Config"]["Labels"][loops.LABEL]
    assert set(config["DeviceCgroupRules"]) == {*walls.DEVICE_RULES, *loops.rules(block)}
    assert not any("*" in rule for rule in config["DeviceCgroupRules"])


@pytest.mark.parametrize("name", ["kernel/panic", "vm/swappiness", "fs/file-max"])
def test_settings_of_the_host_are_read_only(bench: Bench, name: str) -> None:
    assert "Read-only" in fails(
        bench, f"cat /proc/sys/{name} > /tmp/v; cat /tmp/v > /proc/sys/{name}"
    )


def test_settings_of_the_host_are_read_only_in_a_proc_that_is_mounted_anew(bench: Bench) -> None:
    script = """
    mkdir -p /tmp/new; mount -t proc proc /tmp/new; trap 'umount -R /tmp/new; rmdir /tmp/new' EXIT
    sysctl -qw net.ipv4.ip_forward=1; echo 1 > /tmp/new/sys/net/ipv4/ip_forward
    cat /tmp/new/sys/vm/swappiness > /tmp/v; ! cat /tmp/v > /tmp/new/sys/vm/swappiness
    """
    assert sh(bench, script + "echo closed") == "closed"


@pytest.mark.parametrize("how", ["umount", "umount -n", "umount -l", "umount -R"])
def test_a_proc_that_was_mounted_anew_is_unmounted_with_one_command(bench: Bench, how: str) -> None:
    sh(bench, f"mkdir -p /tmp/new; mount -t proc proc /tmp/new; {how} /tmp/new; rmdir /tmp/new")


def test_no_proc_is_mounted_over_that_of_the_whole_bench(bench: Bench) -> None:
    new = "unshare --pid --fork sh -c 'mount -t proc proc /proc'"
    told = bench.run(["sh", "-c", f"{new}; cd /; {new.replace('/proc', 'proc')}"])
    assert told.stderr.count(b"for everybody") == 2
    assert sh(bench, "unshare --pid --fork --mount sh -c 'mount -t proc proc /proc; ls -d /proc/1'")


def test_a_proc_that_is_in_use_stays_mounted_and_closed(bench: Bench) -> None:
    script = """
    mkdir -p /tmp/new; mount -t proc proc /tmp/new; trap 'umount /tmp/new; rmdir /tmp/new' EXIT
    (cd /tmp/new; ! umount /tmp/new)
    cat /tmp/new/sys/vm/swappiness > /tmp/v; ! cat /tmp/v > /tmp/new/sys/vm/swappiness
    echo 1 > /tmp/new/sys/net/ipv4/ip_forward; echo closed
    """
    assert sh(bench, script).splitlines()[-1] == "closed"


@pytest.mark.parametrize("new", ["--pid --fork --mount-proc", "--mount"])
def test_no_mount_of_proc_opens_them_where_control_groups_are_version_2(
    bench: Bench, new: str
) -> None:
    """`unshare --mount-proc` asks no helper; the program in `inside/sysctls.py` is asked by it."""
    group = "/sys/fs/cgroup"
    if bench.run(["test", "-e", f"{group}/cgroup.controllers"]).exit_code:
        # Every kernel has it: a group of the test's own stands for the bench's.
        group = "/tmp/two"
        sh(bench, f"mkdir -p {group}; mountpoint -q {group} || mount -t cgroup2 none {group}")
    inner = f"{group}/infralab-test"
    program = "/opt/infralab/lib/lab_engine/inside/sysctls.py"
    write = (
        "mount -i -t proc proc /proc; v=$(cat /proc/sys/vm/swappiness);"
        " ! echo $v > /proc/sys/vm/swappiness; echo 1 > /proc/sys/net/ipv4/ip_forward;"
        " hostname same; echo closed"
    )
    script = f"""
    mkdir -p {inner}; /usr/bin/python3 -I -S {program} {inner}
    sh -c 'echo $$ > {inner}/cgroup.procs; exec unshare --uts {new} sh -euc "$1"' sh '{write}'
    """
    try:
        assert sh(bench, script).splitlines()[-1] == "closed"
    finally:
        sh(bench, f"sleep 0.2; rmdir {inner}")
        if group == "/tmp/two":
            sh(bench, f"umount {group}; rmdir {group}")


@pytest.mark.parametrize("kind", recipe.HOST_FILESYSTEMS)
def test_file_systems_that_are_the_whole_machines_are_not_mounted(bench: Bench, kind: str) -> None:
    found = fails(bench, f"mkdir -p /tmp/fs; mount -t {kind} none /tmp/fs")
    assert f"{kind} is not mounted in a bench" in found


def test_calls_that_change_the_whole_machine_are_refused(bench: Bench) -> None:
    assert "not permitted" in fails(bench, "dmesg --clear")
    call = "import ctypes, os; c = ctypes.CDLL(None, use_errno=True)"
    for name in ("swapoff", "swapon", "acct"):
        path = "b'/nowhere'" + (", 0" if name == "swapon" else "")
        line = f"{call}; c.{name}({path}); print(os.strerror(ctypes.get_errno()))"
        assert sh(bench, f'python3 -c "{line}"') == "Operation not permitted"


def test_one_file_cannot_grow_beyond_the_limit(make_bench: Callable[..., Bench]) -> None:
    bench = make_bench("small", disk=1 << 30)
    fails(bench, "truncate -s 2G /root/big")
    fails(bench, "truncate -s 2G /var/lib/docker/big", user="root")
    sh(bench, "truncate -s 1G /root/big; rm /root/big")
    # And have no more room behind its end; holes are no room.
    assert "exceeded" in fails(bench, "fallocate -l 2G /root/big")
    assert "large" in fails(bench, "fallocate --keep-size -l 2G /root/big")
    sh(bench, "fallocate --keep-size -l 1M /root/big; fallocate --punch-hole -l 2G /root/big")
    sh(bench, "rm /root/big")
    # Containers of the bench have the limit too.
    sh(bench, "/usr/lib/infralab/bin/start-docker")
    sh(bench, "docker load -qi /usr/lib/infralab/images/busybox.tar")
    fails(bench, "docker run --rm busybox truncate -s 2G /big")


def test_settings_of_the_client_stay_outside(
    make_bench: Callable[..., Bench], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Docker's client configuration, and variables that change what programs do."""
    proxies = {"default": {"httpProxy": "http://proxy.example:1", "noProxy": "example"}}
    config = {"proxies": proxies, "credsStore": "not-there", "auths": {"r.example": {}}}
    (tmp_path / "config.json").write_text(json.dumps(config))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    for name in ("PIP_TARGET", "PYTHONPATH", "PYTHONHOME", "TMPDIR", "LANG", "LC_ALL"):
        monkeypatch.setenv(name, "/nowhere")
    # Clients are kept for each engine and time limit; this one has read no settings yet.
    engine._client.cache_clear()
    try:
        bench = make_bench("settings")
    finally:
        engine._client.cache_clear()
    for user in ("root", "learner"):
        found = sh(bench, "env", user=user)
        assert not re.search(r"(?i)nowhere|proxy", found)


def test_sysrq_is_read_only(bench: Bench) -> None:
    # `h` only prints help, should this test fail.
    found = fails(bench, "echo h > /proc/sysrq-trigger")
    assert "Read-only" in found or "nonexistent" in found


def test_settings_of_its_own_network_can_be_written(bench: Bench) -> None:
    name = "net.ipv4.ip_forward"
    assert sh(bench, f"sysctl -qw {name}=0; sysctl -qw {name}=1; sysctl -n {name}") == "1"


def test_sysfs_is_read_only_but_for_its_own_links(bench: Bench) -> None:
    assert "Read-only" in fails(bench, "echo 1 > /sys/kernel/mm/ksm/run")
    script = """
    ip link add br-test type bridge
    echo 1 > /sys/class/net/br-test/bridge/stp_state
    cat /sys/class/net/br-test/bridge/stp_state
    ip link del br-test
    """
    assert sh(bench, script) == "1"


def test_a_user_namespace_can_mount_its_own_proc(bench: Bench) -> None:
    command = "unshare --user --map-root-user --pid --fork --mount-proc ps -o comm="
    assert sh(bench, command, user="learner").split() == ["ps"]


def test_more_than_five_loop_devices(bench: Bench) -> None:
    script = """
    cd /var/lib/docker
    for i in 1 2 3 4 5 6 7; do truncate -s 1M t$i.img; losetup -f --show $PWD/t$i.img; done
    """
    try:
        nodes = sh(bench, script).split()
        assert len(set(nodes)) == 7
    finally:
        sh(
            bench,
            "cd /var/lib/docker; for i in 1 2 3 4 5 6 7; do"
            " losetup -d $(losetup -n -O NAME -j $PWD/t$i.img); rm t$i.img; done",
        )


def test_a_loop_device_carries_a_file_system(bench: Bench) -> None:
    script = """
    truncate -s 16M /tmp/disk.img; mkfs.ext4 -q /tmp/disk.img; mkdir -p /tmp/mnt
    mount -o loop /tmp/disk.img /tmp/mnt; echo kept > /tmp/mnt/file; cat /tmp/mnt/file
    umount /tmp/mnt; rm -r /tmp/mnt /tmp/disk.img
    """
    assert sh(bench, script) == "kept"


def test_a_loop_device_of_another_can_neither_be_seen_nor_opened(
    bench: Bench, make_bench: Callable[..., Bench]
) -> None:
    """The host's and other benches' are one kind: their numbers are not this bench's."""
    other = make_bench("loop-owner")
    device = sh(other, "truncate -s 1M /root/d.img; losetup -f --show /root/d.img")
    number = device.removeprefix("/dev/loop")
    try:
        fails(bench, f"ls {device}")
        for minor in (number, "0", "7"):
            script = f"rm -f /tmp/n; mknod /tmp/n b 7 {minor}; dd if=/dev/zero of=/tmp/n count=1"
            assert "not permitted" in fails(bench, script)
        assert "not permitted" in fails(bench, "dd if=/dev/zero of=/dev/loop0 count=1")
        control = "rm -f /tmp/n; mknod /tmp/n c 10 237; : < /tmp/n"
        assert "not permitted" in fails(bench, control)
        bench.run(["losetup", "-D"])
        assert device in sh(other, "losetup -n -O NAME")
    finally:
        sh(bench, "rm -f /tmp/n")
        sh(other, f"losetup -d {device}")


def test_device_nodes(bench: Bench) -> None:
    assert sh(bench, "stat -c %t:%T /dev/net/tun /dev/fuse").split() == ["a:c8", "a:e5"]
    assert sh(bench, "if [ -e /dev/kvm ]; then stat -c %a:%G /dev/kvm; fi") in ("", "660:kvm")


def test_no_disk_of_the_host_can_be_read(bench: Bench) -> None:
    script = (
        "mknod /tmp/disk b $(cut -d: -f1 /tmp/dev) $(cut -d: -f2 /tmp/dev); head -c 1 /tmp/disk"
    )
    found = fails(
        bench,
        "for dev in /sys/block/[nsv]*/dev; do cat $dev; done | head -1 > /tmp/dev;"
        f" trap 'rm -f /tmp/disk /tmp/dev' EXIT; {script}",
    )
    assert "not permitted" in found


def test_tmp_can_hold_programs_and_devices(bench: Bench) -> None:
    script = "printf '#!/bin/sh\\necho ran\\n' > /tmp/p; chmod 755 /tmp/p; /tmp/p; rm /tmp/p"
    assert sh(bench, script) == "ran"
    options = sh(bench, "findmnt -no OPTIONS /tmp").split(",")
    assert not {"noexec", "nosuid", "nodev"} & set(options)
    assert sh(bench, "findmnt -no FSTYPE /run") == "tmpfs"


def test_docker_data_is_not_on_an_overlay(bench: Bench) -> None:
    assert sh(bench, "findmnt -no FSTYPE -T /var/lib/docker") != "overlay"
    assert sh(bench, "docker info -f '{{.Driver}}'") == "overlay2"


def test_docker0_has_the_subnet_of_the_course(bench: Bench) -> None:
    assert sh(bench, "ip -4 -br addr show docker0 | awk '{print $3}'") == "172.17.0.1/16"


def test_there_is_no_way_to_the_internet(bench: Bench) -> None:
    assert sh(bench, "ip route show default") == ""
    assert sh(bench, "ip -br link | awk '$1 != \"lo\" && $1 !~ /^docker|^veth|^virbr|^br-/'") == ""


def test_limits_of_inner_containers_work(bench: Bench) -> None:
    version2 = sh(bench, "test -e /sys/fs/cgroup/cgroup.controllers && echo 2 || echo 1") == "2"
    memory = (
        "/sys/fs/cgroup/memory.max" if version2 else "/sys/fs/cgroup/memory/memory.limit_in_bytes"
    )
    pids = "/sys/fs/cgroup/pids.max" if version2 else "/sys/fs/cgroup/pids/pids.max"
    run = "docker run --rm --memory 32m --pids-limit 15 --cpus 0.5 busybox"
    assert sh(bench, f"{run} cat {memory} {pids}").split() == [str(32 << 20), "15"]


def test_the_memory_limit_of_an_inner_container_is_enforced(bench: Bench) -> None:
    # Docker's OOMKilled is no witness: with cgroup v2 the news of it may come after the end.
    hog = "sh -c 'head -c 64m /dev/zero | tail -c 64m > /dev/null'"
    ends = [
        sh(bench, f"docker run --rm --memory {limit} busybox {hog} || echo $?")
        for limit in ("16m", "256m")
    ]
    assert ends == ["137", ""]


def test_the_pids_limit_of_an_inner_container_is_enforced(bench: Bench) -> None:
    loop = "i=0; while [ $i -lt 30 ]; do sleep 5 & i=$((i+1)); done; echo all"
    done = bench.run(["docker", "run", "--rm", "--pids-limit", "10", "busybox", "sh", "-c", loop])
    assert b"fork" in done.stderr
    assert b"all" not in done.stdout


def test_groups_by_hand(bench: Bench) -> None:
    """A learner can make a control group and move a process into it."""
    script = """
    base=/sys/fs/cgroup; [ -e $base/cgroup.controllers ] || base=$base/pids
    mkdir $base/mine; sleep 30 & echo $! > $base/mine/cgroup.procs
    cat $base/mine/cgroup.procs | wc -l; kill $!; wait $! || true; rmdir $base/mine
    """
    assert sh(bench, script) == "1"


def test_the_limits_of_the_bench_itself(bench: Bench) -> None:
    files = "/sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max"
    config = bench.inspect()["HostConfig"]
    assert config["Memory"] == config["MemorySwap"] == 1 << 30
    assert config["PidsLimit"] > 0
    assert config["LogConfig"]["Config"]["max-size"]
    found = sh(bench, f"cat {files} 2> /dev/null || true").split()
    assert found in ([str(1 << 30)], [])


def test_the_learner(bench: Bench) -> None:
    assert sh(bench, "id -un; id -u", user="learner").split() == ["learner", "1000"]
    groups = set(sh(bench, "id -nG", user="learner").split())
    assert {"sudo", "docker", "libvirt", "kvm"} <= groups
    assert sh(bench, "pwd") == "/"
    done = bench.run(["sh", "-c", "cd ~/work && touch f && rm f && pwd"], user="learner")
    assert done.stdout == b"/home/learner/work\n"


def test_the_learner_has_what_lessons_use(bench: Bench) -> None:
    assert sh(bench, "sudo -n id -u", user="learner") == "0"
    sh(bench, "docker run --rm busybox true", user="learner")
    sh(bench, "virsh list --all", user="learner")
    assert sh(bench, "virsh uri", user="learner") == "qemu:///system"


def test_sudo_says_nothing_of_an_unknown_host(bench: Bench) -> None:
    done = bench.run(["sudo", "true"], user="learner")
    assert done.stderr == b""


def test_the_prompt(bench: Bench) -> None:
    argv = bench.exec_argv(["bash", "-lic", 'echo "${PS1@P}"'])
    assert "--user" in argv
    done = bench.run(["bash", "-lic", 'cd; echo "${PS1@P}"; echo $PATH'], user="learner")
    prompt, path = done.stdout.decode().splitlines()
    # Before it stands what tells the recorder the exit code.
    assert prompt == "\x01\x1b]133;D;0\x07\x02learner@bench:~$ "
    assert "/usr/sbin" in path.split(":")


def test_agent_files_are_roots_alone(bench: Bench) -> None:
    for path in (
        "/opt/infralab",
        "/opt/infralab/lib/lab_engine",
        "/var/lib/infralab",
        "/run/infralab",
    ):
        assert "denied" in fails(bench, f"ls {path}/", user="learner")


def test_no_solutions_are_in_the_image(bench: Bench) -> None:
    found = sh(
        bench, "find / -xdev \\( -name tui -o -name labs -o -name content \\) -path '*infralab*'"
    )
    assert found == ""


def test_settings_of_the_building_machine_are_not_in_the_image(bench: Bench) -> None:
    for path in ("/etc/pip.conf", "/root/.config/pip", "/root/.cache", "/tmp/infralab"):
        fails(bench, f"ls {path}")
    assert sh(bench, "find /etc/apt/apt.conf.d -name '*mmdebstrap' -o -name '*build'") == ""
    assert sh(bench, "grep -ril proxy /etc/apt /etc/environment || true") == ""
    assert sh(bench, "cat /etc/hostname") == "bench"


def test_cache_is_read_only(bench: Bench) -> None:
    assert "Read-only" in fails(bench, "touch /var/cache/infralab/x")


def test_init_reaps(bench: Bench) -> None:
    assert sh(bench, "readlink -f /proc/1/exe").endswith(("tini-static", "docker-init", "tini"))
    sh(bench, "sh -c 'sleep 0.1 & exec true'; sleep 0.3; ! ps -eo stat= | grep -q ^Z")


def test_daemons_start_once(bench: Bench) -> None:
    before = sh(bench, "pidof dockerd libvirtd")
    sh(bench, "/usr/lib/infralab/bin/start-docker; /usr/lib/infralab/bin/start-libvirt")
    assert sh(bench, "pidof dockerd libvirtd") == before


def test_no_network_of_libvirt_starts_by_itself(bench: Bench) -> None:
    assert sh(bench, "virsh net-list --name") == ""


def test_small_images(bench: Bench) -> None:
    applets = sh(bench, "docker run --rm busybox busybox --list").split()
    assert {"httpd", "udhcpc", "ping", "wget", "nslookup", "ip", "nc"} <= set(applets)
    assert re.fullmatch(r"root:x:0:0.*", sh(bench, "docker run --rm busybox head -1 /etc/passwd"))
    script = """
    docker run -d --name web -p 8088:8080 -v webvol:/webdata myapp > /dev/null
    docker exec web sh -c 'echo hello > /webdata/index.html'
    curl -s --retry 5 --retry-connrefused http://127.0.0.1:8088/
    """
    try:
        assert sh(bench, script) == "hello"
    finally:
        sh(bench, "docker rm -f web; docker volume rm webvol")


def test_the_small_guest_is_the_images(bench: Bench) -> None:
    """So a file of that name that a bench has beside the image's was put there by somebody."""
    code = "from lab_engine.families.libvirt.guests import small as s; print(s.recipe())"
    argv = ["/opt/infralab/venv/bin/python", "-c", code]
    wanted = ok(bench.run(argv, env={"PYTHONPATH": "/opt/infralab/lib"})).strip()
    assert sh(bench, "cat /usr/lib/infralab/guest/small.recipe") == wanted
    assert sh(bench, "test -s /usr/lib/infralab/guest/small.cpio && echo there") == "there"
