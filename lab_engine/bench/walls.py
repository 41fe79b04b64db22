"""What a bench may do and reach: capabilities, devices, mounts, limits, network."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from docker import errors as docker_errors
from docker.types import Ulimit

from lab_engine import __version__
from lab_engine.bench import cache, engine, loops
from lab_engine.errors import BenchError

PREFIX: Final = "infralab-"

CAPABILITIES: Final = (
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "DAC_READ_SEARCH",
    "FOWNER",
    "FSETID",
    "IPC_LOCK",
    "IPC_OWNER",
    "KILL",
    "LEASE",
    "LINUX_IMMUTABLE",
    "MKNOD",
    "NET_ADMIN",
    "NET_BIND_SERVICE",
    "NET_BROADCAST",
    "NET_RAW",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_ADMIN",
    "SYS_CHROOT",
    "SYS_NICE",
    "SYS_PTRACE",
    "SYS_TTY_CONFIG",
)
"""By name, because some hosts lack one that --privileged asks for; and never the host's own ones:
SYS_TIME, SYS_MODULE, SYS_BOOT, SYS_RAWIO."""

DEVICE_RULES: Final = (
    "c 10:229 rwm",  # fuse
    "c 10:232 rwm",  # kvm
    "c 10:200 rwm",  # net/tun
)
"""And the bench's own loop devices, by their numbers. The entrypoint makes the nodes: a list of the
host's would fail where one is missing."""

OWN_DEVICE_RULES: Final = (
    "c 10:236 rwm",  # mapper/control
    "b 240:* rwm",  # what the device mapper makes: the machine's recipe says this number to it
    "b 9:* rwm",  # md
)
"""More, where the kernel is there for benches alone: on a computer they would reach its own disks,
of which no namespace keeps these apart."""

_CONSOLE: Final = (4, 5, 6, 7, 8)
"""syslog(2): read and clear, clear, and the three that set what the console shows."""
_KEEP_SIZE: Final = (0x01, 0x11)
"""fallocate(2): take room behind a file's end, and the same with zeroes in it."""
_EFBIG: Final = 27


def _seccomp(disk: int) -> dict[str, Any]:
    """The calls that a bench's capabilities allow and that are refused.

    Some change the whole machine: swap, process accounting, the kernel's log. What is mounted
    cannot be told here: a filter sees no text. And some take more than `disk` bytes of room where
    RLIMIT_FSIZE sees nothing.
    """
    refused: list[tuple[list[str], list[dict[str, Any]], dict[str, int]]] = [
        (["swapon", "swapoff", "acct"], [], {}),
        *((["syslog"], [_where(0, what)], {}) for what in _CONSOLE),
        *(
            (["fallocate"], [_where(1, mode), _where(3, disk, "GT")], {"errnoRet": _EFBIG})
            for mode in _KEEP_SIZE
        ),
    ]
    return {
        "defaultAction": "SCMP_ACT_ALLOW",
        "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"],
        "syscalls": [
            {"names": names, "action": "SCMP_ACT_ERRNO", "args": args, **more}
            for names, args, more in refused
        ],
    }


def _where(index: int, value: int, how: str = "EQ") -> dict[str, Any]:
    return {"index": index, "value": value, "op": f"SCMP_CMP_{how}"}


_SUBNETS: Final = tuple(f"10.213.{third}.0/24" for third in range(0, 250, 7))


def host_config(
    client: Any,
    memory: int,
    cpus: float,
    volumes: Mapping[str, str],
    network: str,
    block: str,
    disk: int,
) -> Any:
    """The engine's `HostConfig` of a bench.

    Args:
        client: the docker client.
        memory: limit in bytes.
        cpus: limit; 0 means none.
        volumes: name of a volume -> where it is mounted.
        network: the engine's name of a network, or `none`.
        block: its loop devices, as `loops.choose` gives them.
        disk: the most bytes that one file in it may have.
    """
    # An engine without seccomp refuses any profile but `unconfined`.
    with engine.explain("asking the engine what it can do"):
        options = client.api.info().get("SecurityOptions") or ()
    seccomp = any("name=seccomp" in option for option in options)
    binds = [f"{name}:{path}" for name, path in volumes.items()]
    config = client.api.create_host_config(
        # A PID 1 that reaps: without it libvirtd waits for ever for a QEMU that is a zombie.
        init=True,
        cap_drop=["ALL"],
        cap_add=list(CAPABILITIES),
        # Docker's own profiles forbid `mount`. What is the engine's default is said all the same,
        # here and below: its daemon.json may have another one, such as no-new-privileges, with
        # which `sudo` fails.
        security_opt=[
            f"seccomp={json.dumps(_seccomp(disk)) if seccomp else 'unconfined'}",
            "apparmor=unconfined",
            "label=disable",
            "no-new-privileges=false",
        ],
        userns_mode="host",
        ipc_mode="private",
        runtime="runc",
        # RLIMIT_FSIZE is what every file system obeys; Docker's own limit, `--storage-opt size`,
        # wants project quotas.
        ulimits=[Ulimit(name="fsize", soft=disk, hard=disk)],
        device_cgroup_rules=[
            *DEVICE_RULES,
            *(OWN_DEVICE_RULES if engine.is_the_machines() else ()),
            *loops.rules(block),
        ],
        binds=[*binds, f"{cache.VOLUME}:{cache.MOUNT}:ro"],
        # Docker mounts them noexec, nosuid and nodev unless told otherwise. What lies in them
        # counts as the bench's memory, so they are sized by it.
        tmpfs={
            "/run": f"exec,mode=755,size={memory // 8}",
            "/tmp": f"exec,suid,dev,mode=1777,size={memory // 2}",  # noqa: S108
        },
        network_mode=network,
        mem_limit=memory,
        # The same as the memory: no swap (Docker API, HostConfig).
        memswap_limit=memory,
        nano_cpus=int(cpus * 1e9) or None,
        pids_limit=16384,
        # `wait_prepared` reads the log back, which the engine cannot do with every driver.
        log_config={"Type": "json-file", "Config": {"max-size": "1m", "max-file": "2"}},
        restart_policy={"Name": "no"},
        shm_size="256m",
    )
    # The kernel lets a user namespace mount a proc of its own only where one is fully visible
    # (fs/namespace.c, mount_too_revealing); a masked path covers a part. The entrypoint closes what
    # must be closed.
    config["MaskedPaths"] = []
    config["ReadonlyPaths"] = []
    config["CgroupnsMode"] = "private"
    return config


def network(client: Any, internet: bool) -> str:
    """`none`, or the name of a labelled network outside the subnets of the lessons."""
    if not internet:
        return "none"
    name = f"{PREFIX}outside"
    # The filter takes a part of a name, too, unless it is anchored.
    if client.api.networks(names=[f"^{name}$"]):
        return name
    last: docker_errors.APIError | None = None
    for subnet in _SUBNETS:
        pool = {"Config": [{"Subnet": subnet}]}
        try:
            client.api.create_network(
                name,
                driver="bridge",
                ipam=pool,
                labels={"infralab.kind": "network", "infralab.version": __version__},
                # Two networks may have one name: only the id is unique (Docker API, NetworkCreate).
                check_duplicate=True,
            )
        except docker_errors.APIError as error:
            last = error
            # The host uses that subnet already; another one may be free.
            if "overlap" not in str(error):
                break
        else:
            return name
    raise BenchError(
        f"no network for the bench could be made: {last}",
        hint="Remove unused networks (`docker network prune`), then try again.",
    )
