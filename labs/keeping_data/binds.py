"""Bind mounts: a folder of the host inside a container."""

from __future__ import annotations

from lab_engine.authoring import (
    Directory,
    FileProbe,
    Image,
    MountProbe,
    See,
    require,
    require_container,
    require_read_only,
    require_served_by,
)
from labs.keeping_data.values import Values, lab

FOLDER = "/mnt/webvol"
OLD_PAGE = "This page comes from the host.\n"
NOT_BOUND = (
    "The folder /mnt/webvol itself is not mounted at /webdata. A copy follows no change on the "
    "host. A single file follows only until an editor puts a new file in its place."
)
STILL_WRITABLE = (
    "A process in locked can still change the folder. Permissions do not stop root, and "
    "--read-only is about the container's own root. The mount has to be read-only: :ro, or "
    "readonly with --mount."
)

step = lab.step(
    "bind-mount",
    daemons=("docker",),
    resources=lambda _: [
        Image("myapp"),
        Directory("webvol", path=FOLDER, files={"index.html": OLD_PAGE}),
    ],
    touches=lambda _: ["file//mnt/webvol/index.html", "file//mnt/webvol"],
)


@step.check("serve", points=2)
async def serve(see: See, v: Values) -> None:
    web = await require_container(see, "web", image="myapp")
    here = await see(FileProbe(FOLDER))
    look = "docker inspect -f '{{json .Mounts}} {{json .HostConfig.Tmpfs}}' web"
    mount = web.mount_at("/webdata")
    require(
        mount is not None,
        "not-mounted",
        expected=f"{FOLDER} is mounted at /webdata in web.",
        observed="Nothing is mounted there.",
        look=look,
    )
    assert mount is not None
    require(
        mount.type == "bind",
        "volume",
        expected=f"The folder {FOLDER} is mounted at /webdata.",
        observed=f"It is a {mount.type}, {mount.name}.",
        look=look,
    )
    there = await see(FileProbe("/webdata", pid=web.pid))
    require(
        (there.device, there.inode) == (here.device, here.inode) or mount.source != FOLDER,
        "replaced-folder",
        expected=f"The folder at /webdata is {FOLDER}.",
        observed="It is the one that was there when web was started; another has its name now.",
        look=look,
    )
    require(
        (there.device, there.inode) == (here.device, here.inode),
        "other-folder",
        expected=f"The folder at /webdata is {FOLDER}.",
        observed=f"It is {mount.source}.",
        look=look,
    )
    await require_served_by(see, "web", 8080, says=v.message)


@step.check("read-only", points=2)
async def read_only(see: See, v: Values) -> None:
    locked = await require_container(see, "locked", image="myapp")
    here = await see(FileProbe(FOLDER))
    look = "docker inspect -f '{{json .Mounts}} {{json .HostConfig.Tmpfs}}' locked"
    there, mount = await see(
        FileProbe("/webdata", pid=locked.pid), MountProbe("/webdata", pid=locked.pid)
    )
    require(
        mount.exists and (there.device, there.inode) == (here.device, here.inode),
        "not-mounted",
        expected=f"{FOLDER} is mounted at /webdata in locked.",
        observed="Something else is mounted there."
        if mount.exists
        else "Nothing is mounted there.",
        look=look,
    )
    await require_read_only(see, "/webdata", pid=locked.pid)


def run(name: str, options: str = f"-v {FOLDER}:/webdata") -> str:
    return f"docker container run -d --name {name} {options} myapp:latest"


def write(v: Values) -> str:
    return f"echo {v.message} > {FOLDER}/index.html"


step.solution(
    "with -v",
    lambda v: [run("web"), write(v), run("locked", f"-v {FOLDER}:/webdata:ro")],
    explained={1: ["other-page"]},
)
step.solution(
    "with --mount",
    lambda v: [
        f"sed -i 's/.*/{v.message}/' {FOLDER}/index.html",
        run("web", f"--mount type=bind,source={FOLDER},target=/webdata"),
        run("locked", f"--mount type=bind,source={FOLDER},target=/webdata,readonly"),
    ],
    explained={0: ["other-page"]},
)
step.solution(
    "a path that begins with a dot, and an image by its id",
    lambda v: [
        write(v),
        f"cd {FOLDER} && {run('web', '-v ./:/webdata')}",
        run("locked", f"-v {FOLDER}/:/webdata:ro").replace(
            "myapp:latest", "$(docker image inspect -f '{{.Id}}' myapp)"
        ),
    ],
    explained={0: ["other-page"]},
)
step.near_miss(
    "copied in",
    lambda v: [write(v), run("web", ""), f"docker cp {FOLDER}/. web:/webdata"],
    rejected_by="serve",
    reason="not-mounted",
    explain=NOT_BOUND,
)
step.near_miss(
    "only the file",
    lambda v: [write(v), run("web", f"-v {FOLDER}/index.html:/webdata/index.html")],
    rejected_by="serve",
    reason="not-mounted",
    explain=NOT_BOUND,
)
step.near_miss(
    "a volume of that name",
    lambda v: [
        run("web", "-v webvol:/webdata"),
        f"docker exec web sh -c 'echo {v.message} > /webdata/index.html'",
    ],
    rejected_by="serve",
    reason="volume",
    explain="A plain word before the colon of -v names a volume. Write the whole path of the "
    "folder.",
)
step.near_miss(
    "the folder above",
    lambda v: [write(v), run("web", "-v /mnt:/webdata")],
    rejected_by="serve",
    reason="other-folder",
    explain="That is another folder than /mnt/webvol. Docker makes a missing one without asking, "
    "so look closely for a slip of the pen.",
)
step.near_miss(
    "the page as it was",
    lambda _: [run("web")],
    rejected_by="serve",
    reason="other-page",
    explain="The mount is right, the text is not. Change the file on the host and look again.",
)
step.near_miss(
    "read-write",
    lambda _: [run("locked")],
    rejected_by="read-only",
    reason="writable",
    explain=STILL_WRITABLE,
)
step.near_miss(
    "a read-only root",
    lambda _: [run("locked", f"--read-only -v {FOLDER}:/webdata")],
    rejected_by="read-only",
    reason="writable",
    explain=STILL_WRITABLE,
)
step.near_miss(
    "one file of it read-write",
    lambda _: [
        run(
            "locked",
            f"-v {FOLDER}:/webdata:ro -v {FOLDER}/index.html:/webdata/index.html",
        )
    ],
    rejected_by="read-only",
    reason="mounted-below",
)
step.near_miss(
    "permissions taken away",
    lambda _: [f"chmod 555 {FOLDER}", run("locked")],
    rejected_by="read-only",
    reason="writable",
    explain=STILL_WRITABLE,
)
step.near_miss(
    "a read-only volume",
    lambda _: [run("locked", "-v webvol:/webdata:ro")],
    rejected_by="read-only",
    reason="not-mounted",
    explain="It is read-only, but it is not the folder /mnt/webvol.",
)
