"""The kernel under the bench: virtualization, cgroups, features, and profiles that reach in."""

from __future__ import annotations

import fcntl
import os
import re
from dataclasses import dataclass
from typing import Final

from lab_engine.doctor.engine import Engine
from lab_engine.doctor.machine import Finding, Machine, State, me, sudo

KVM: Final = "/dev/kvm"
KVM_GET_API_VERSION: Final = 0xAE00
EMULATOR: Final = (
    "Speed: VMs run in QEMU's emulator. Every lesson works, a VM takes seconds longer to start."
)


@dataclass(frozen=True, slots=True)
class Feature:
    """One thing that the kernel can do, the module that does it, and who wants it."""

    title: str
    module: str
    option: str
    lost: str
    needed: bool = False


FEATURES: Final = (
    Feature("bridges", "bridge", "CONFIG_BRIDGE", "All networks between containers.", True),
    Feature("veth pairs", "veth", "CONFIG_VETH", "All networks between containers.", True),
    Feature("overlay file system", "overlay", "CONFIG_OVERLAY_FS", "All containers.", True),
    Feature("address translation", "nf_nat", "CONFIG_NF_NAT", "Ports and the way out.", True),
    Feature("tap devices", "tun", "CONFIG_TUN", "VM networks, and the lessons on VPN and SDN."),
    Feature("loop devices", "loop", "CONFIG_BLK_DEV_LOOP", "The lessons on file systems in files."),
    Feature("FUSE", "fuse", "CONFIG_FUSE_FS", "The lessons on file systems in user space."),
    Feature("MACVLAN", "macvlan", "CONFIG_MACVLAN", "The tasks that give a container a MAC."),
    Feature("VXLAN", "vxlan", "CONFIG_VXLAN", "The tasks with networks across two nodes."),
)


class Kernel:
    """Looks up whether the running kernel has a feature, or could load it."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        modules = f"/lib/modules/{machine.kernel}"
        self._builtin = machine.read(f"{modules}/modules.builtin")
        self._loadable = machine.read(f"{modules}/modules.dep")
        self._config = machine.read("/proc/config.gz") or machine.read(
            f"/boot/config-{machine.kernel}"
        )

    def has(self, feature: Feature) -> tuple[State, str]:
        """Whether it is there, and how that is known."""
        if self._machine.exists(f"/sys/module/{feature.module}"):
            return State.OK, "present"
        file = re.compile(rf"/{feature.module}\.ko\b")
        if self._builtin and file.search(self._builtin):
            return State.OK, "built in"
        if self._loadable and file.search(self._loadable):
            return State.OK, "loaded when needed"
        choice = re.search(rf"^{feature.option}=(\w)", self._config or "", re.MULTILINE)
        if choice and choice[1] == "y":
            return State.OK, "built in"
        if self._loadable is None and (choice or not self._config):
            gone = f"the modules of the running kernel ({self._machine.kernel}) are not installed"
            return (State.MISSING, gone) if choice else (State.UNKNOWN, "this kernel does not tell")
        return State.MISSING, f"this kernel ({self._machine.kernel}) has no {feature.module}"


def features(machine: Machine, engine: Engine) -> list[Finding]:
    """One finding for all that is there, one for each that is not."""
    if engine.remote:
        return [Finding("Kernel", State.UNKNOWN, "is on another machine; the bench will tell")]
    kernel = Kernel(machine)
    there: list[str] = []
    rest: list[Finding] = []
    for feature in FEATURES:
        state, found = kernel.has(feature)
        if state is State.OK:
            there.append(feature.title)
            continue
        if state is State.MISSING and not feature.needed:
            state = State.LIMITED
        mend = sudo(machine, f"modprobe {feature.module}")
        if "not installed" in found:
            mend = "Restart this machine: its kernel was upgraded while it ran."
        elif state is not State.UNKNOWN:
            mend = f"{mend}  (if that fails: boot the standard kernel of your distribution)"
        rest.append(Finding(f"Kernel: {feature.title}", state, found, feature.lost, mend))
    head = [Finding("Kernel", State.OK, f"{machine.kernel}: {', '.join(there)}")] if there else []
    return head + rest


def kvm(machine: Machine, engine: Engine) -> Finding:
    """Whether KVM looks usable. Only running a guest proves it; the bench does that."""
    name = "KVM"
    if engine.remote:
        return Finding(name, State.UNKNOWN, "is on another machine; the bench will tell")
    if machine.exists(KVM):
        found = "/dev/kvm is there"
        if machine.writable(KVM):
            answer = machine_api(KVM)
            if answer != 12:
                return Finding(
                    name,
                    State.LIMITED,
                    f"/dev/kvm is there and does not work ({answer})",
                    EMULATOR,
                    sudo(machine, "modprobe -r kvm_intel kvm_amd kvm")
                    + " && "
                    + sudo(machine, "modprobe -a kvm_intel kvm_amd"),
                )
            found += " and answers"
        return Finding(name, State.OK, f"{found}; the bench proves it by running a guest")
    cpu = machine.read("/proc/cpuinfo") or ""
    able = re.search(r"^flags\s*:.*\b(vmx|svm)\b", cpu, re.MULTILINE)
    if able:
        module = "kvm_intel" if able[1] == "vmx" else "kvm_amd"
        reason, mend = f"the CPU can ({able[1]}), but /dev/kvm is not there", f"modprobe {module}"
        return Finding(name, State.LIMITED, reason, EMULATOR, sudo(machine, mend))
    guest = re.search(r"^flags\s*:.*\bhypervisor\b", cpu, re.MULTILINE)
    return Finding(
        name,
        State.LIMITED,
        "this is a VM without nested virtualization" if guest else "the CPU shows no vmx or svm",
        EMULATOR,
        "Switch on nested virtualization for this VM at its host."
        if guest
        else "Switch on virtualization (VT-x or AMD-V) in the firmware's set-up.",
    )


def machine_api(path: str) -> int | str:
    """The version that the KVM device answers (12 since 2007), or why it does not."""
    try:
        device = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except OSError as error:
        return error.strerror or str(error)
    try:
        return fcntl.ioctl(device, KVM_GET_API_VERSION, 0)
    except OSError as error:
        return error.strerror or str(error)
    finally:
        os.close(device)


def cgroups(machine: Machine, engine: Engine) -> Finding:
    """Which cgroup version the engine uses, and whether it can limit what lessons limit."""
    name = "cgroups"
    if not engine.reached:
        return Finding(name, State.UNKNOWN, "the engine was not reached")
    number = str(engine.info.get("CgroupVersion") or "1")
    lacking = [
        word
        for word, key in (("memory", "MemoryLimit"), ("cpu", "CpuCfsQuota"), ("pids", "PidsLimit"))
        if engine.info.get(key) is False
    ]
    if not lacking:
        return Finding(name, State.OK, f"version {number}, with memory, cpu and pids limits")
    return Finding(
        name,
        State.LIMITED,
        f"version {number}, without limits for {', '.join(lacking)}",
        "The tasks that limit a container's resources, and the limits of the bench itself.",
        "Add `cgroup_enable=memory swapaccount=1` to GRUB_CMDLINE_LINUX in /etc/default/grub, then "
        + sudo(machine, "update-grub")
        + ", and restart."
        if "memory" in lacking
        else "Boot the standard kernel of your distribution.",
    )


def user_namespaces(machine: Machine, engine: Engine) -> Finding:
    """Whether a user without root may make a user namespace, inside the bench too."""
    name = "User namespaces"
    if engine.remote:
        return Finding(name, State.UNKNOWN, "are on another machine; the bench will tell")
    lost = "The tasks where you make a namespace without root; with sudo they work."
    closed = {
        "kernel.unprivileged_userns_clone": "0",
        "kernel.apparmor_restrict_unprivileged_userns": "1",
        "user.max_user_namespaces": "0",
    }
    opened = {
        "kernel.unprivileged_userns_clone": "1",
        "kernel.apparmor_restrict_unprivileged_userns": "0",
        "user.max_user_namespaces": "15000",
    }
    for key, off in closed.items():
        value = (machine.read(f"/proc/sys/{key.replace('.', '/')}") or "").strip()
        if value == off:
            mend = sudo(machine, f"sysctl -w {key}={opened[key]}")
            again = f"{mend}  (until the next start; this loosens a protection of this machine)"
            return Finding(name, State.LIMITED, f"{key} is {value}", lost, again)
    return Finding(name, State.OK, "every user may make them")


INSIDE: Final = re.compile(
    r"(?:^|/)(libvirtd|virtlogd|virtqemud|virt-aa-helper|qemu-[\w-]+|dnsmasq|dockerd|containerd|"
    r"docker-proxy|runc|crun|podman|buildah|conmon|swtpm|tcpdump|nginx|haproxy|named|unshare|"
    r"busybox|mount|fusermount3?|ip|ping|ss)$"
)
"""Programs of the bench that a profile of the host could follow, by the path it is attached to."""


def apparmor(machine: Machine, engine: Engine) -> Finding:
    """Profiles of the host that attach by path to a program of the bench.

    A bench runs unconfined, and an unconfined program that executes `/usr/sbin/dnsmasq` gets the
    host's profile for that path, in a container too.
    """
    name = "AppArmor"
    if engine.remote:
        return Finding(name, State.UNKNOWN, "is on another machine; the bench will tell")
    base = "/sys/kernel/security/apparmor"
    if (machine.read("/sys/module/apparmor/parameters/enabled") or "N").strip() != "Y":
        return Finding(name, State.OK, "off")
    loaded = machine.read(f"{base}/profiles")
    if loaded is None:
        return Finding(
            name,
            State.UNKNOWN,
            "on; its profiles may be read by root only",
            mend=f"sudo {me(machine, 'doctor')}",
        )
    followers: list[tuple[str, str]] = []
    for line in loaded.splitlines():
        match = re.fullmatch(r"(.+) \((enforce|kill)\)", line)
        if match is None or "//" in match[1]:
            continue
        paths = _alternatives(_attachment(machine, base, match[1]))
        inside = [path for path in paths if INSIDE.search(path)]
        if inside:
            here = [path for path in inside if machine.exists(path)]
            followers.append((match[1], (here or inside)[0]))
    if not followers:
        return Finding(name, State.OK, "on; no profile follows a program into the bench")
    return Finding(
        name,
        State.LIMITED,
        "profiles follow into the bench: " + ", ".join(f"{p} ({a})" for p, a in followers),
        "Those programs may be refused files that they need in the bench.",
        "\n".join(
            sudo(machine, f"aa-complain {path}")
            + f"  (from apparmor-utils; `aa-enforce {path}` takes it back)"
            for _, path in followers
        ),
    )


def _attachment(machine: Machine, base: str, profile: str) -> str:
    """The path pattern that a profile is attached to; for a plain one it is the name itself."""
    safe = profile.lstrip("/").replace("/", ".")
    for folder in machine.names(f"{base}/policy/profiles") or ():
        if folder.rsplit(".", 1)[0] == safe:
            text = (machine.read(f"{base}/policy/profiles/{folder}/attach") or "").strip()
            return text if text.startswith("/") else profile
    return profile


def _alternatives(pattern: str) -> list[str]:
    """The paths that `/{usr/,}bin/{a,b}` stands for."""
    match = re.search(r"\{([^{}]*)\}", pattern)
    if match is None:
        return [pattern]
    head, tail = pattern[: match.start()], pattern[match.end() :]
    return [p for word in match[1].split(",") for p in _alternatives(head + word + tail)]
