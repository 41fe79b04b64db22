"""The kernel under the bench: cgroups, features, user namespaces, and profiles that reach in."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from lab_engine.doctor.engine import Engine
from lab_engine.doctor.machine import Finding, Machine, State, me, sudo


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
        # What is built in and has no parameters is not in /sys/module.
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


def cgroups(machine: Machine, engine: Engine) -> Finding:
    """Which cgroup version the engine uses, and whether it can limit what lessons limit."""
    name = "cgroups"
    if not engine.reached:
        return Finding(name, State.UNKNOWN, "the engine was not reached")
    number = str(engine.info.get("CgroupVersion") or "1")
    lacking = [
        word
        for word, key in (("memory", "MemoryLimit"), ("cpu", "CpuCfsQuota"), ("pids", "PidsLimit"))
        # An engine that does not tell is taken for one that can.
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
    lost = "The tasks of the lesson `namespaces` that want a user namespace (`unshare --user`)."
    # The first is of Debian's kernels, the second of Ubuntu's.
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
        # Profiles that only complain refuse nothing, and a child (`parent//child`) follows no path.
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
    # apparmorfs names the folder so, with a number behind (mangle_name in apparmorfs.c).
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
