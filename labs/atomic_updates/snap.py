"""Programs as read-only filesystems: a small update, and a link that goes back."""

from __future__ import annotations

from lab_engine.authoring import (
    Directory,
    FileProbe,
    HttpReady,
    MountProbe,
    See,
    Service,
    require,
    require_mount,
)
from labs.atomic_updates.values import HOME, Values, lab, program

SHOP = "/srv/store"
PORT = 8050
SUMS = "SHA256SUMS"

step = lab.step(
    "snap",
    resources=lambda v: [
        Directory("store", path=SHOP, owner="root"),
        Service(
            "store",
            argv=("sh", "-c", program("store", v), "store", SHOP),
            user="root",
            ready=HttpReady(PORT, f"/{SUMS}"),
            after=("directory/store",),
        ),
    ],
)


def place(v: Values, revision: int | str) -> str:
    return f"/mnt/{v.snap}/{revision}"


async def installed(see: See, v: Values, revision: int) -> None:
    """A revision of the store's is mounted at its place."""
    target = place(v, revision)
    name = f"{v.snap}_{revision}.snap"
    found = await require_mount(see, target, fstype="squashfs")
    device = found.source.removeprefix("/dev/")
    backing = await see(FileProbe(f"/sys/block/{device}/loop/backing_file"))
    path = backing.content.strip()
    file, sums = await see(FileProbe(path or "/nowhere"), FileProbe(f"{SHOP}/{SUMS}"))
    wanted = {line.split()[1]: line.split()[0] for line in sums.content.splitlines()}
    require(
        file.exists,
        "file-gone",
        expected=f"What is mounted at {target} is a file.",
        observed="Its file is gone.",
        look=f"losetup -l; findmnt {target}",
    )
    require(
        file.sha256 not in (one for other, one in wanted.items() if other != name),
        "other-revision",
        expected=f"At {target} is revision {revision}.",
        observed="It is another revision of the store's.",
        look=f"cat {target}/meta/snap.yaml",
    )
    require(
        file.sha256 == wanted.get(name),
        "other-content",
        expected=f"At {target} is {name}, byte for byte as the store made it.",
        observed=f"{path} has another sum.",
        look=f"sha256sum {path}; cat {SHOP}/{SUMS}",
    )


@step.check("refresh", points=3)
async def refresh(see: See, v: Values) -> None:
    await installed(see, v, 1)
    await installed(see, v, 2)


@step.check("revert", points=2, needs=("refresh",))
async def revert(see: See, v: Values) -> None:
    await installed(see, v, 3)
    current, there, bad, mounted = await see(
        FileProbe(place(v, "current")),
        FileProbe(place(v, 2)),
        FileProbe(place(v, 3)),
        MountProbe(place(v, "current")),
    )
    look = f"ls -l /mnt/{v.snap}"
    require(
        current.exists,
        "no-current",
        expected=f"There is a link {place(v, 'current')}.",
        observed="There is none, or it leads nowhere.",
        look=look,
    )
    require(
        bool(current.link) and not mounted.exists,
        "no-link",
        expected=f"{place(v, 'current')} is a link.",
        observed=f"It is a {current.kind}.",
        look=look,
    )
    require(
        (current.device, current.inode) != (bad.device, bad.inode),
        "still-bad",
        expected=f"{place(v, 'current')} leads to revision 2.",
        observed="It leads to revision 3.",
        look=look,
    )
    require(
        (current.device, current.inode) == (there.device, there.inode),
        "elsewhere",
        expected=f"{place(v, 'current')} leads to revision 2.",
        observed=f"It leads to {current.link}.",
        look=look,
    )


def fetch(v: Values) -> str:
    names = f"{v.snap}_1.snap", f"{v.snap}_1_2.delta", f"{v.snap}_2_3.delta"
    return " && ".join(f"curl -sO http://127.0.0.1:{PORT}/{name}" for name in names)


def patch(v: Values, old: int) -> str:
    new = old + 1
    base, delta = f"{v.snap}_{old}.snap", f"{v.snap}_{old}_{new}.delta"
    return f"zstd -d --patch-from={base} {delta} -o {v.snap}_{new}.snap"


def mount(v: Values, revision: int, file: str = "", options: str = "loop,ro") -> str:
    file = file or f"{v.snap}_{revision}.snap"
    return (
        f"sudo mkdir -p {place(v, revision)} && "
        f"sudo mount -t squashfs -o {options} {file} {place(v, revision)}"
    )


def link(v: Values, revision: int) -> str:
    """Another link, and then one rename: at no moment is there none."""
    return (
        f"sudo ln -s {revision} /mnt/{v.snap}/next && "
        f"sudo mv -T /mnt/{v.snap}/next {place(v, 'current')}"
    )


def two(v: Values) -> list[str]:
    return [fetch(v), mount(v, 1), link(v, 1), patch(v, 1), mount(v, 2), link(v, 2)]


def three(v: Values) -> list[str]:
    return [*two(v), patch(v, 2), mount(v, 3)]


LINKS = "a later link takes its place"
BAD = f"{HOME}/own"

step.solution(
    "delta by delta",
    lambda v: [
        *three(v),
        link(v, 3),
        f"{place(v, 'current')}/bin/health || true",
        link(v, 2),
    ],
    survives={
        2: LINKS,
        5: LINKS,
        8: LINKS,
        9: "it only looks",
    },
    explained={10: ["still-bad"]},
)
step.solution(
    "never switched, and links by whole paths",
    lambda v: [
        fetch(v),
        f"{patch(v, 1)} && {patch(v, 2)}",
        mount(v, 1),
        mount(v, 2),
        mount(v, 3),
        f"sudo ln -sfn {place(v, 3)} {place(v, 'current')}",
        f"sudo ln -sfn {place(v, 2)} {place(v, 'current')}",
    ],
    survives={5: LINKS},
    explained={6: ["still-bad"]},
)
step.near_miss(
    "unpacked, and not mounted",
    lambda v: [
        fetch(v),
        mount(v, 1),
        patch(v, 1),
        f"sudo unsquashfs -q -n -d {place(v, 2)} {v.snap}_2.snap",
    ],
    rejected_by="refresh",
    reason="not-mounted",
)
step.near_miss(
    "the first one again",
    lambda v: [fetch(v), mount(v, 1), mount(v, 2, f"{v.snap}_1.snap")],
    rejected_by="refresh",
    reason="other-revision",
    explain="What is mounted there is another revision: `meta/snap.yaml` in it says which.",
)
step.near_miss(
    "made by oneself",
    lambda v: [
        fetch(v),
        mount(v, 1),
        f'cp -r {place(v, 1)} own && chmod -R u+w own && sed -i \'s/"1"/"2"/\' own/meta/snap.yaml',
        f"mksquashfs own {v.snap}_2.snap -quiet -no-progress -all-root",
        mount(v, 2),
    ],
    rejected_by="refresh",
    reason="other-content",
    explain="It says that it is revision 2, and has other bytes than the store's. A device takes "
    "what has the right sum, and nothing else: the delta makes just these bytes.",
)
step.near_miss(
    "the new one stays",
    lambda v: [*three(v), link(v, 3)],
    rejected_by="revert",
    reason="still-bad",
    explain="`current` leads to revision 3, which is not well: `bin/health` in it ends with 1.",
)
step.near_miss(
    "a mount in place of the link",
    lambda v: [
        *three(v),
        f"sudo rm {place(v, 'current')} && sudo mkdir {place(v, 'current')}",
        f"sudo mount --bind {place(v, 2)} {place(v, 'current')}",
    ],
    rejected_by="revert",
    reason="no-link",
)
step.near_miss(
    "back by one too many",
    lambda v: [*three(v), link(v, 1)],
    rejected_by="revert",
    reason="elsewhere",
)
step.near_miss(
    "the third one never tried",
    two,
    rejected_by="revert",
    reason="not-mounted",
)
