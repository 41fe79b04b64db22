"""All three at once: the learner chooses the place for each kind of data."""

from __future__ import annotations

from lab_engine.authoring import (
    Directory,
    DiskUsageProbe,
    FileProbe,
    Image,
    MountProbe,
    See,
    require,
    require_bare,
    require_container,
    require_read_only,
)
from labs.keeping_data.values import Values, lab

DATA = "/webdata"
SETTINGS = "/etc/shop"
KEYS = "/run/keys"
FOLDER = "/mnt/shop.d"
KEYS_SIZE = (
    "It is in memory, and its limit is not the one of the task. Without a limit it may take half "
    "of the host's memory, and a number without a letter counts bytes, in whole pages."
)

step = lab.step(
    "which-one",
    daemons=("docker",),
    resources=lambda v: [
        Image("myapp"),
        Directory("settings", path=FOLDER, files={"shop.conf": f"name = {v.message}\n"}),
    ],
)


@step.check("place", points=3)
async def place(see: See, v: Values) -> None:
    shop = await require_container(see, "shop", image="myapp")
    folder = await see(FileProbe(FOLDER))
    look = "docker inspect -f '{{json .Mounts}} {{json .HostConfig.Tmpfs}}' shop"
    data = shop.mount_at(DATA)
    require(
        data is not None and data.type == "volume" and data.name == "shopdata",
        "data",
        expected=f"The volume shopdata is mounted at {DATA}.",
        observed=f"There is {data.name or data.source or data.type} there."
        if data
        else "Nothing is mounted there.",
        look=look,
    )
    stored = await see(MountProbe(DATA, pid=shop.pid))
    require(
        stored.fstype != "tmpfs",
        "data-in-memory",
        expected=f"What lies in {DATA} outlives a restart.",
        observed="The volume shopdata is a tmpfs itself.",
        look="docker volume inspect shopdata",
    )
    for path in (DATA, KEYS):
        await require_bare(see, path, pid=shop.pid)
    settings, settings_mount, keys, room = await see(
        FileProbe(SETTINGS, pid=shop.pid),
        MountProbe(SETTINGS, pid=shop.pid),
        MountProbe(KEYS, pid=shop.pid),
        DiskUsageProbe(KEYS, pid=shop.pid),
    )
    require(
        settings_mount.exists
        and (settings.device, settings.inode) == (folder.device, folder.inode),
        "settings",
        expected=f"{SETTINGS} in shop is the host's folder {FOLDER}.",
        observed="Something else is mounted there."
        if settings_mount.exists
        else "Nothing is mounted there.",
        look=look,
    )
    await require_read_only(see, SETTINGS, pid=shop.pid)
    require(
        keys.exists and keys.fstype == "tmpfs",
        "keys-on-disk",
        expected=f"{KEYS} lies in memory.",
        observed=f"It is a mount of type {keys.fstype}."
        if keys.exists
        else "Nothing is mounted there, so it would lie in the container's layer.",
        look="docker exec shop cat /proc/mounts",
    )
    require(
        room.total == v.size << 20,
        "keys-size",
        expected=f"{KEYS} has a limit of {v.size} MiB, {v.size << 20} bytes.",
        observed=f"Its limit is {room.total} bytes.",
        look=f"docker exec shop df -h {KEYS}",
    )


def shop(v: Values, data: str = "", settings: str = "", keys: str = "") -> list[str]:
    data = data or f"-v shopdata:{DATA}"
    settings = settings or f"-v {FOLDER}:{SETTINGS}:ro"
    keys = keys or f"--tmpfs {KEYS}:size={v.size}m"
    return [f"docker run -d --name shop {data} {settings} {keys} myapp:latest"]


step.solution("short options", lambda v: shop(v))
step.solution(
    "with --mount",
    lambda v: shop(
        v,
        f"--mount source=shopdata,target={DATA}",
        f"--mount type=bind,source={FOLDER},target={SETTINGS},readonly",
        f"--mount type=tmpfs,target={KEYS},tmpfs-size={v.size}m",
    ),
)
step.near_miss(
    "the data in a folder",
    lambda v: shop(v, f"-v /srv/shopdata:{DATA}"),
    rejected_by="place",
    reason="data",
    explain="The data is to lie in a volume of that name, which Docker keeps. In -v, a name "
    "without a slash is a volume.",
)
step.near_miss(
    "the settings copied into a volume",
    lambda v: shop(v, settings=f"-v settings:{SETTINGS}:ro"),
    rejected_by="place",
    reason="settings",
    explain="Whoever edits /mnt/shop.d on the host must see the change in shop. Only a bind mount "
    "of the folder does that.",
)
step.near_miss(
    "the settings writable",
    lambda v: shop(v, settings=f"-v {FOLDER}:{SETTINGS}"),
    rejected_by="place",
    reason="writable",
    explain="It is the right folder, but a fault in shop could change it on the host.",
)
step.near_miss(
    "the keys in a volume",
    lambda v: shop(v, keys=f"-v keys:{KEYS}"),
    rejected_by="place",
    reason="keys-on-disk",
    explain="A volume lies on the disk. So does a path at which nothing is mounted. Keys belong in "
    "memory.",
)
step.near_miss(
    "a volume of memory",
    lambda v: [
        "docker volume create -o type=tmpfs -o device=tmpfs shopdata",
        *shop(v),
    ],
    rejected_by="place",
    reason="data-in-memory",
)
step.near_miss(
    "a volume in the middle of the keys",
    lambda v: shop(v, keys=f"--tmpfs {KEYS}:size={v.size}m -v keys:{KEYS}/mine"),
    rejected_by="place",
    reason="mounted-below",
)
step.near_miss(
    "no limit for the keys",
    lambda v: shop(v, keys=f"--tmpfs {KEYS}"),
    rejected_by="place",
    reason="keys-size",
    explain=KEYS_SIZE,
)
step.near_miss(
    "half a MiB too much for the keys",
    lambda v: shop(v, keys=f"--tmpfs {KEYS}:size={v.size * 1024 + 512}k"),
    rejected_by="place",
    reason="keys-size",
    explain=KEYS_SIZE,
)
