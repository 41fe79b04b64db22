"""What differs from learner to learner, and commands that several steps use."""

from __future__ import annotations

from lab_engine.authoring import File, Lab, Seed, Variables

NAMES = ("acorn", "ember", "pebble", "clover", "thimble")
DOES = ("wakes up", "is awake", "has started", "is here", "opens its eyes")
LOGS = ("visits", "orders", "parcels", "guests", "calls")
HOME = "/home/learner/work"
PROGRAMS = "sh mount umount ls cat insmod tar mkdir sync poweroff"


class Values(Variables, frozen=True):
    """The system's name, what it says, and files that it keeps or forgets."""

    os: str = ""
    motto: str = ""
    log: str = ""

    @classmethod
    def draw(cls, seed: Seed) -> Values:
        name = seed.choice("os", NAMES)
        does = seed.choice("does", DOES)
        ends = seed.number("ends", 4, 9)
        return cls(
            os=name,
            motto=f"{name.capitalize()} {does} for the {seed.number('time', 2, 9)}{ends}th time.",
            log=seed.choice("log", LOGS),
        )

    @property
    def image(self) -> str:
        return f"{HOME}/{self.os}.img"


lab = Lab("micro-os", Values)

START = File(
    "start",
    path=f"{HOME}/start",
    owner="learner",
    mode=0o755,
    content="""\
#!/bin/sh
# start IMAGE [DISK]: a machine of 192 MiB with a serial port, and a disk if you give it one.
# Ctrl-a, then x, ends it.
exec qemu-system-x86_64 -accel tcg -m 192 -nodefaults -display none -serial mon:stdio -no-reboot \\
  -kernel /usr/lib/infralab/guest/vmlinux -append "console=ttyS0 quiet panic=-1" \\
  -initrd "$1" ${2:+-drive "file=$2,if=virtio,format=raw"}
""",
)


def touches(v: Values) -> list[str]:
    """The system's folder and its image."""
    return [f"file/{HOME}/{v.os}*"]


def tree(v: Values) -> list[str]:
    """The folders and programs of the system."""
    return [
        f"mkdir -p {v.os}/bin {v.os}/proc {v.os}/dev {v.os}/etc {v.os}/data {v.os}/var",
        f"cp /bin/busybox {v.os}/bin",
        f"for one in {PROGRAMS}; do ln -sf busybox {v.os}/bin/$one; done",
    ]


def program(path: str, *lines: str) -> str:
    """Write a script, and make it one that can be run."""
    text = " ".join(f"'{line}'" for line in lines)
    return f"printf '%s\\n' {text} > {path} && chmod +x {path}"


def init(v: Values, *lines: str, interpreter: str = "/bin/sh", end: str = "exec sh") -> str:
    """Write the first program, which does these lines before it speaks."""
    mounts = ("mount -t proc proc /proc", "mount -t devtmpfs dev /dev")
    last = (f'echo "{v.motto}"', *([end] if end else []))
    return program(f"{v.os}/init", f"#!{interpreter}", *mounts, *lines, *last)


def pack(v: Values, how: str = "gzip") -> str:
    return f"(cd {v.os} && find . | cpio -o -H newc --quiet) | {how} > {v.os}.img"
