"""Doctor, with machines that are unlike this one, and with this one."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from lab_engine import doctor
from lab_engine.cli.doctor import show
from lab_engine.cli.frame import main
from lab_engine.doctor import engine as docker
from lab_engine.doctor import here, kvm
from lab_engine.doctor.machine import Finding, Machine, Output, State
from lab_engine.errors import BenchError
from lab_engine.machine import kvm_guest, life
from lab_engine.machine.life import Status

VIRTUAL = "unix:///data/machine/docker.sock"
MODULES = ("bridge", "veth", "overlay", "nf_nat", "tun", "loop", "fuse", "macvlan", "vxlan")


@dataclass
class Fake(Machine):
    """A machine made of what a test says. Commands are found by their first words."""

    answers: dict[str, Output] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    folders: dict[str, tuple[str, ...]] = field(default_factory=dict)
    commands: set[str] = field(
        default_factory=lambda: {"docker", "apt-get", "tmux", sys.executable}
    )
    room: int | None = 100 << 30
    screen: tuple[int, int] | None = (120, 40)
    variables: dict[str, str] = field(
        default_factory=lambda: {"TERM": "xterm", "LANG": "en_GB.UTF-8"}
    )
    administrator: bool = False
    may_open: bool = True
    lacking: list[str] | None = field(default_factory=list)
    machine: Status | None = field(default_factory=lambda: Status(life.State.ABSENT))

    @property
    def env(self) -> Mapping[str, str]:
        return self.variables

    @property
    def root(self) -> bool:
        return self.administrator

    def virtual(self) -> Status | None:
        return self.machine

    def virtual_endpoint(self) -> str:
        return VIRTUAL

    @property
    def kernel(self) -> str:
        return "6.1.0-test"

    def run(self, *words: str, limit: float = 20.0) -> Output:
        if words[0] not in self.commands:
            return Output(127)
        line = " ".join(words)
        found = [answer for start, answer in self.answers.items() if line.startswith(start)]
        return found[0] if found else Output(1, err="Error: not known here")

    def has(self, command: str) -> bool:
        return command in self.commands

    def exists(self, path: str) -> bool:
        return path in self.files or path in self.folders

    def read(self, path: str) -> str | None:
        return self.files.get(path)

    def names(self, folder: str) -> tuple[str, ...] | None:
        return self.folders.get(folder)

    def free(self, path: str) -> int | None:
        return self.room

    def writable(self, path: str) -> bool:
        return self.may_open

    def terminal(self) -> tuple[int, int] | None:
        return self.screen

    def trial(self) -> list[str] | None:
        return self.lacking


def healthy(**info: Any) -> Fake:
    """A usual machine; `info` changes what the engine says about itself."""
    said = {
        "DockerRootDir": "/var/lib/docker",
        "MemTotal": 16 << 30,
        "CgroupVersion": "2",
        "MemoryLimit": True,
        "SecurityOptions": ["name=apparmor", "name=seccomp,profile=default"],
        **info,
    }
    server = {"Version": "26.1.5+dfsg1", "Components": [{"Name": "Engine"}]}
    machine = Fake(
        answers={
            "docker version": Output(0, json.dumps(server)),
            "docker info": Output(0, json.dumps(said)),
            "docker context": Output(0, "unix:///var/run/docker.sock\n"),
            "docker image inspect": Output(0, "sha256:1\n"),
            sys.executable: Output(0, "ran 2.1\n"),
        },
        files={
            "/run/systemd/system": "",
            "/dev/kvm": "",
            "/proc/sys/kernel/unprivileged_userns_clone": "1\n",
            "/sys/module/apparmor/parameters/enabled": "N\n",
            "/etc/os-release": 'ID=debian\nVERSION_ID="12"\n',
        },
    )
    for module in MODULES:
        machine.files[f"/sys/module/{module}"] = ""
    return machine


def by_name(machine: Machine) -> dict[str, Finding]:
    return {finding.name: finding for finding in doctor.examine(machine)}


def refused(error: str) -> Fake:
    machine = healthy()
    machine.answers["docker version"] = Output(1, "", error)
    return machine


def test_a_usual_machine_has_everything() -> None:
    findings = doctor.examine(healthy())
    assert [f for f in findings if f.state is not State.OK] == []
    assert doctor.ready(findings)


def test_no_docker() -> None:
    machine = healthy()
    machine.commands.discard("docker")
    findings = by_name(machine)
    assert findings["Docker client"].state is State.MISSING
    assert findings["Docker client"].mend == "sudo apt-get install docker.io"
    assert findings["Docker engine"].mend == "sudo apt-get install docker.io"
    assert not doctor.ready(findings.values())


@pytest.mark.parametrize(
    ("release", "packages"),
    [
        ('ID=debian\nVERSION_ID="13"\n', "docker.io docker-cli"),
        ('ID=debian\nVERSION_ID="12"\n', "docker.io"),
        ('ID=ubuntu\nVERSION_ID="24.04"\n', "docker.io"),
    ],
)
def test_packages_of_the_distribution(release: str, packages: str) -> None:
    machine = healthy()
    machine.commands.discard("docker")
    machine.files["/etc/os-release"] = release
    assert by_name(machine)["Docker client"].mend == f"sudo apt-get install {packages}"


def test_no_apt() -> None:
    machine = healthy()
    machine.commands -= {"docker", "apt-get"}
    assert "package manager of this system" in by_name(machine)["Docker client"].mend


def test_docker_without_permission_tells_both_ways() -> None:
    found = by_name(refused("permission denied while trying to connect to the socket"))
    assert "may not use" in found["Docker engine"].found
    assert "usermod -aG docker" in found["Docker engine"].mend
    assert "sudo infralab" in found["Docker engine"].mend
    assert found["Docker version"].state is State.UNKNOWN


def test_engine_is_down_with_and_without_systemd() -> None:
    machine = refused("Cannot connect to the Docker daemon at unix:///var/run/docker.sock.")
    assert by_name(machine)["Docker engine"].mend == "sudo systemctl start docker"
    del machine.files["/run/systemd/system"]
    machine.administrator = True
    mend = by_name(machine)["Docker engine"].mend
    assert "dockerd" in mend
    assert "sudo" not in mend


def test_remote_engine_is_not_judged_by_this_kernel() -> None:
    machine = healthy()
    machine.variables["DOCKER_HOST"] = "ssh://bench@lab"
    for path in [path for path in machine.files if path.startswith("/sys/module/")]:
        del machine.files[path]
    findings = by_name(machine)
    assert "on another machine" in findings["Docker engine"].found
    for name in ("Kernel", "KVM", "Disk", "AppArmor", "User namespaces"):
        assert findings[name].state is State.UNKNOWN, name
    assert doctor.ready(findings.values())


def test_remote_engine_that_is_down() -> None:
    machine = refused("error during connect: no route to host")
    machine.variables["DOCKER_HOST"] = "tcp://lab:2375"
    assert "unset DOCKER_HOST" in by_name(machine)["Docker engine"].mend


@pytest.mark.parametrize(
    ("version", "state"),
    [
        ("19.03.15", State.MISSING),
        ("20.10.24+dfsg1", State.OK),
        ("9.9", State.MISSING),
        ("28.2.2", State.OK),
    ],
)
def test_docker_version(version: str, state: State) -> None:
    machine = healthy()
    machine.answers["docker version"] = Output(0, json.dumps({"Version": version}))
    assert by_name(machine)["Docker version"].state is state


def test_podman_in_disguise() -> None:
    machine = healthy()
    server = {"Version": "5.0.0", "Components": [{"Name": "Podman Engine"}]}
    machine.answers["docker version"] = Output(0, json.dumps(server))
    assert by_name(machine)["Docker version"].state is State.MISSING


def test_rootless_engine() -> None:
    machine = healthy(SecurityOptions=["name=seccomp", "name=rootless"])
    assert by_name(machine)["Docker mode"].mend.splitlines() == [
        "docker context use default",
        "or, in a virtual machine: infralab machine create",
    ]


def test_windows_containers() -> None:
    assert by_name(healthy(OSType="windows"))["Docker mode"].state is State.MISSING


def test_answer_that_is_no_json() -> None:
    machine = healthy()
    machine.answers["docker version"] = Output(0, "Docker: command moved\n")
    assert by_name(machine)["Docker engine"].state is State.MISSING


@pytest.mark.parametrize(
    ("room", "state"),
    [
        (1 << 30, State.MISSING),
        (4 << 30, State.LIMITED),
        (50 << 30, State.OK),
        (None, State.UNKNOWN),
    ],
)
def test_disk(room: int | None, state: State) -> None:
    machine = healthy()
    machine.room = room
    assert by_name(machine)["Disk"].state is state


@pytest.mark.parametrize(
    ("total", "state"), [(1 << 30, State.MISSING), (2 << 30, State.LIMITED), (8 << 30, State.OK)]
)
def test_memory(total: int, state: State) -> None:
    assert by_name(healthy(MemTotal=total))["Memory"].state is state


def test_memory_of_this_machine_when_the_engine_is_down() -> None:
    machine = refused("Cannot connect to the Docker daemon")
    machine.files["/proc/meminfo"] = "MemTotal:        8000000 kB\nMemFree: 1 kB\n"
    assert by_name(machine)["Memory"].found == "7.6 GiB in all"


@pytest.mark.parametrize("there", [True, False])
def test_image_of_another_version(there: bool) -> None:
    machine = healthy()
    machine.answers["docker image inspect"] = Output(1, "", "No such image")
    machine.answers["docker image ls"] = Output(0, "abc\n" if there else "")
    found = by_name(machine)["Bench image"]
    assert found.state is State.MISSING
    assert ("another version" in found.found) is there
    assert found.mend.startswith("infralab setup")


@pytest.mark.parametrize(("based", "words"), [(0, "a few seconds"), (1, "2 to 3 minutes")])
def test_how_long_the_image_takes(based: int, words: str) -> None:
    machine = healthy()
    inspect = "docker image inspect -f {{.Id}} infralab"
    machine.answers = {
        f"{inspect}/base": Output(based),
        f"{inspect}/bench": Output(1),
        **machine.answers,
    }
    assert words in by_name(machine)["Bench image"].mend


@pytest.mark.parametrize(
    ("cpu", "words"),
    [
        ("flags : fpu vmx sse\n", "modprobe kvm_intel"),
        ("flags : fpu svm sse\n", "modprobe kvm_amd"),
        ("flags : fpu hypervisor\n", "nested virtualization"),
        ("flags : fpu\n", "firmware"),
    ],
)
def test_no_kvm_says_why(cpu: str, words: str) -> None:
    machine = healthy()
    del machine.files["/dev/kvm"]
    machine.files["/proc/cpuinfo"] = cpu
    found = by_name(machine)["KVM"]
    assert found.state is State.LIMITED
    assert words in found.mend
    assert "emulator" in found.lost


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (Output(1, "Inappropriate ioctl for device\n"), "Inappropriate ioctl"),
        (Output(124, err="no answer in 2 s"), "did not come to its end within 2 s"),
        (Output(0, "ran 412.7\n"), "is emulated"),
        (Output(-11), "ended with -11"),
    ],
)
def test_kvm_on_which_no_guest_runs(answer: Output, words: str) -> None:
    machine = healthy()
    machine.answers[sys.executable] = answer
    found = by_name(machine)["KVM"]
    assert found.state is State.LIMITED
    assert words in found.found
    assert "emulator" in found.lost
    assert doctor.ready([found])


@pytest.mark.parametrize(
    ("cpu", "module", "mend"),
    [
        ("flags : fpu vmx\n", "", "sudo modprobe kvm_intel"),
        ("flags : fpu svm\n", "kvm_amd", "sudo modprobe -r kvm_amd && sudo modprobe kvm_amd"),
        ("flags : fpu hypervisor\n", "", "Switch on nested virtualization"),
    ],
)
def test_kvm_that_fails_says_what_mends_it(cpu: str, module: str, mend: str) -> None:
    machine = healthy()
    machine.answers[sys.executable] = Output(124)
    machine.files["/proc/cpuinfo"] = cpu
    if module:
        machine.files[f"/sys/module/{module}"] = ""
    assert by_name(machine)["KVM"].mend.startswith(mend)


def test_kvm_that_this_user_may_not_open_is_not_tried() -> None:
    machine = healthy()
    machine.may_open = False
    found = by_name(machine)["KVM"]
    assert found.state is State.UNKNOWN
    assert "Nothing is lost" in found.found
    assert "sudo usermod -aG kvm $USER" in found.mend


def test_the_guest_that_tries_kvm_says_what_is_no_kvm() -> None:
    machine = Machine()
    for path in ("/dev/null", "/dev/there-is-none"):
        answer = machine.run(sys.executable, "-I", kvm_guest.__file__, path)
        assert answer.code == 1
        assert answer.out.strip()


@pytest.mark.skipif(not os.access("/dev/kvm", os.R_OK | os.W_OK), reason="needs /dev/kvm")
def test_the_guest_that_tries_kvm_comes_to_its_end_or_is_ended() -> None:
    answer = Machine().run(sys.executable, "-I", kvm_guest.__file__, "/dev/kvm", limit=kvm.SECONDS)
    assert answer.code in (0, 124) or answer.out
    if answer.code == 0:
        word, number = answer.out.split()
        assert (word, float(number) > 0) == ("ran", True)


def test_cgroups_without_memory_limits() -> None:
    found = by_name(healthy(CgroupVersion="1", MemoryLimit=False))["cgroups"]
    assert found.state is State.LIMITED
    assert "cgroup_enable=memory" in found.mend


def without(module: str, **files: str) -> Fake:
    machine = healthy()
    del machine.files[f"/sys/module/{module}"]
    machine.files |= {path.replace("__", "/"): text for path, text in files.items()}
    return machine


def test_a_module_that_can_be_loaded_is_there() -> None:
    machine = without("veth")
    machine.files["/lib/modules/6.1.0-test/modules.dep"] = "kernel/drivers/net/veth.ko.xz:\n"
    assert by_name(machine)["Kernel"].state is State.OK
    assert "veth pairs" in by_name(machine)["Kernel"].found


def test_a_kernel_without_a_feature() -> None:
    machine = without("macvlan")
    machine.files["/lib/modules/6.1.0-test/modules.dep"] = "kernel/drivers/net/veth.ko:\n"
    found = by_name(machine)["Kernel: MACVLAN"]
    assert found.state is State.LIMITED
    assert found.mend.startswith("sudo modprobe macvlan")


def test_a_feature_that_every_lesson_needs() -> None:
    machine = without("bridge")
    machine.files["/proc/config.gz"] = "# CONFIG_BRIDGE is not set\n"
    assert by_name(machine)["Kernel: bridges"].state is State.MISSING


def test_modules_of_a_kernel_that_was_upgraded_away() -> None:
    machine = without("veth")
    machine.files["/boot/config-6.1.0-test"] = "CONFIG_VETH=m\n"
    assert "Restart this machine" in by_name(machine)["Kernel: veth pairs"].mend


def test_a_kernel_that_does_not_tell() -> None:
    found = by_name(without("tun"))["Kernel: tap devices"]
    assert found.state is State.UNKNOWN


@pytest.mark.parametrize(
    ("key", "value", "mend"),
    [
        ("kernel/unprivileged_userns_clone", "0", "kernel.unprivileged_userns_clone=1"),
        (
            "kernel/apparmor_restrict_unprivileged_userns",
            "1",
            "kernel.apparmor_restrict_unprivileged_userns=0",
        ),
        ("user/max_user_namespaces", "0", "user.max_user_namespaces="),
    ],
)
def test_user_namespaces_closed(key: str, value: str, mend: str) -> None:
    machine = healthy()
    machine.files[f"/proc/sys/{key}"] = f"{value}\n"
    found = by_name(machine)["User namespaces"]
    assert found.state is State.LIMITED
    assert f"sudo sysctl -w {mend}" in found.mend


APPARMOR = "/sys/kernel/security/apparmor"


def profiles(*lines: str, attach: dict[str, str] | None = None) -> Fake:
    machine = healthy()
    machine.files["/sys/module/apparmor/parameters/enabled"] = "Y\n"
    machine.files[f"{APPARMOR}/profiles"] = "".join(f"{line}\n" for line in lines)
    folder = f"{APPARMOR}/policy/profiles"
    machine.folders[folder] = tuple(f"{name}.{n}" for n, name in enumerate(attach or {}))
    for number, (name, path) in enumerate((attach or {}).items()):
        machine.files[f"{folder}/{name}.{number}/attach"] = f"{path}\n"
    return machine


@pytest.mark.parametrize(
    ("line", "attach", "path"),
    [
        ("/usr/sbin/dnsmasq (enforce)", {}, "/usr/sbin/dnsmasq"),
        ("dnsmasq (enforce)", {"dnsmasq": "/usr/{bin,sbin}/dnsmasq"}, "/usr/bin/dnsmasq"),
        ("libvirtd (enforce)", {"libvirtd": "/usr/sbin/libvirtd"}, "/usr/sbin/libvirtd"),
        ("ping (enforce)", {"ping": "/{,usr/}bin/{,iputils-}ping"}, "/bin/ping"),
    ],
)
def test_apparmor_profile_that_follows_into_the_bench(
    line: str, attach: dict[str, str], path: str
) -> None:
    found = by_name(profiles("docker-default (enforce)", line, attach=attach))["AppArmor"]
    assert found.state is State.LIMITED
    assert f"aa-complain {path} " in found.mend


@pytest.mark.parametrize(
    "line",
    [
        "/usr/sbin/cupsd (enforce)",
        "/usr/sbin/dnsmasq (complain)",
        "runc (unconfined)",
        "/usr/sbin/dnsmasq//libvirt_leaseshelper (enforce)",
    ],
)
def test_apparmor_profiles_that_harm_nothing(line: str) -> None:
    machine = profiles(line, attach={"runc": "/usr/sbin/runc"})
    assert by_name(machine)["AppArmor"].state is State.OK


def test_apparmor_profile_of_a_path_that_exists_is_named() -> None:
    machine = profiles("dnsmasq (kill)", attach={"dnsmasq": "/usr/{bin,sbin}/dnsmasq"})
    machine.files["/usr/sbin/dnsmasq"] = ""
    assert "aa-complain /usr/sbin/dnsmasq " in by_name(machine)["AppArmor"].mend


def test_apparmor_that_may_not_be_read() -> None:
    machine = profiles()
    del machine.files[f"{APPARMOR}/profiles"]
    found = by_name(machine)["AppArmor"]
    assert found.state is State.UNKNOWN
    assert found.mend == "sudo infralab doctor"


@pytest.mark.parametrize(
    ("screen", "variables", "state"),
    [
        ((79, 24), {"TERM": "xterm", "LANG": "C.UTF-8"}, State.LIMITED),
        ((80, 24), {"TERM": "xterm", "LANG": "C.UTF-8"}, State.OK),
        ((80, 24), {"TERM": "dumb", "LANG": "C.UTF-8"}, State.LIMITED),
        ((80, 24), {"TERM": "xterm", "LANG": "C"}, State.LIMITED),
        ((80, 24), {"TERM": "xterm", "LANG": "C", "LC_ALL": "de_DE.utf8"}, State.OK),
        (None, {}, State.UNKNOWN),
    ],
)
def test_terminal(screen: tuple[int, int] | None, variables: dict[str, str], state: State) -> None:
    assert here.terminal(Fake(screen=screen, variables=variables)).state is state


def test_tmux() -> None:
    assert here.tmux(Fake(commands=set())).state is State.LIMITED
    assert here.tmux(Fake(commands=set(), variables={"TMUX": "/tmp/t,1,0"})).state is State.OK


def test_whatever_is_lost_can_be_mended() -> None:
    """Everything that is not there says what is lost and what mends it."""
    broken = [
        refused("permission denied"),
        healthy(MemTotal=1, MemoryLimit=False, SecurityOptions=["name=rootless"]),
        profiles("/usr/sbin/dnsmasq (enforce)"),
        Fake(commands=set(), room=0, screen=(10, 10), variables={}),
        without("loop", **{"/proc/config.gz": "CONFIG_X=y\n"}),
    ]
    for machine in broken:
        for finding in doctor.examine(machine):
            if finding.state in (State.LIMITED, State.MISSING):
                assert finding.lost, finding
                assert finding.mend, finding


def test_real_machine_reads_what_is_there() -> None:
    machine = Machine()
    assert machine.run("true").code == 0
    assert machine.run("there-is-no-such-command").code == 127
    assert machine.run("sleep", "5", limit=0.05).code == 124
    assert (machine.read("/proc/meminfo") or "").startswith("MemTotal")
    assert machine.read("/there/is/none") is None
    assert machine.names("/there/is/none") is None
    assert "self" in (machine.names("/proc") or ())
    assert (machine.free("/var/lib/there/is/none") or 0) > 0
    assert machine.has("sh")


def test_real_machine_is_examined() -> None:
    findings = doctor.examine()
    assert {"Docker client", "KVM", "cgroups", "AppArmor"} <= {f.name for f in findings}
    assert all(finding.found for finding in findings)


def test_engine_is_asked_once_for_all() -> None:
    asked = docker.ask(healthy())
    assert asked.reached
    assert not asked.remote
    assert not asked.denied


def test_prose_is_broken_at_the_terminals_edge_and_commands_are_not() -> None:
    command = "sudo " + "sysctl -w " * 12
    finding = Finding("KVM", State.LIMITED, "here " * 30, "lost " * 30, command)
    lines = show([finding], colour=False, columns=80).splitlines()
    assert f"       mend: {command}" in lines
    rest = [line for line in lines if "sysctl" not in line]
    assert len(rest) > 4
    assert all(len(line) <= 80 for line in rest)
    assert all(line.startswith(" " * 7) for line in rest[1:])
    assert len(show([finding], colour=False, columns=0).splitlines()) == 3


@pytest.mark.parametrize("words", [["doctor"], ["doctor", "--json"]])
def test_verb(
    words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    good = Finding("Disk", State.OK, "10 GiB free")
    bad = Finding("KVM", State.MISSING, "is not there", "speed", "first\nsecond")
    monkeypatch.setattr(doctor, "examine", lambda: [good, bad])
    assert main(words) == 3
    out = capsys.readouterr().out
    if "--json" in words:
        body = json.loads(out)
        assert body["ready"] is False
        assert body["findings"][1]["mend"] == "first\nsecond"
    else:
        assert "lost: speed" in out
        assert "cannot be taken" in out
    monkeypatch.setattr(doctor, "examine", lambda: [good])
    assert main(words) == 0


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"SecurityOptions": ["name=rootless"]}, "rootless"),
        ({"OSType": "windows"}, "windows containers"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_built(
    change: dict[str, Any], said: str
) -> None:
    with pytest.raises(BenchError, match=said) as caught:
        doctor.refuse_early(healthy(**change))
    assert caught.value.hint
    doctor.refuse_early(healthy())


def test_what_the_trial_finds_is_refused_in_doctors_words() -> None:
    machine = healthy()
    machine.lacking = ["it gives nothing"]
    finding = by_name(machine)["Bench rights"]
    assert finding.state is State.MISSING
    with pytest.raises(BenchError, match=f"Bench rights: {finding.found}") as caught:
        doctor.refuse_early(machine)
    assert caught.value.hint == finding.mend
