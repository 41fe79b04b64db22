"""Named volumes: one that `docker run` makes, and one made beforehand and shared."""

from __future__ import annotations

import re

from lab_engine.authoring import (
    ContainerFileProbe,
    DockerEventsProbe,
    DockerVolumeProbe,
    DockerVolumesProbe,
    HttpProbe,
    Image,
    Look,
    MountProbe,
    See,
    require,
    require_container,
    require_outlived_container,
    require_read_only,
)
from labs.keeping_data.values import Values, lab

PAGE = "/webdata/index.html"
SHARED = "/shared"
VOLUME = "my-named-volume"
NOT_IN_VOLUME = (
    "Nothing is mounted at /webdata, so the page lies in the container's own layer and ends with "
    "it. Give the volume with -v NAME:/webdata when you run the container."
)
TOO_YOUNG = (
    "The page was written after this container was made, so nothing shows that it outlives one. "
    "Write it, remove the container, and run a new one with the same volume."
)
WRONG_NAME = (
    "There is a new volume, but not one called my-named-volume. Without a name Docker makes up a "
    "long one, and `-` and `_` are two different characters."
)

named = lab.step("named-volume", daemons=("docker",), resources=lambda _: [Image("myapp")])


@named.check("serve", points=2)
async def serve(see: See, v: Values) -> None:
    web = await require_container(see, "web", image="myapp")
    page = await see(HttpProbe(f"http://127.0.0.1:{v.port}/index.html"))
    mount = web.mount_at("/webdata")
    look = "docker inspect -f '{{json .Mounts}} {{json .HostConfig.Tmpfs}}' web"
    require(
        mount is not None,
        "no-volume",
        expected="The volume webvol is mounted at /webdata in web.",
        observed="Nothing is mounted there.",
        look=look,
    )
    assert mount is not None
    require(
        mount.type == "volume",
        "not-a-volume",
        expected="A volume is mounted at /webdata.",
        observed=f"It is a mount of type {mount.type}, from {mount.source}.",
        look=look,
    )
    require(
        not re.fullmatch("[0-9a-f]{64}", mount.name),
        "nameless",
        expected="The volume at /webdata is called webvol.",
        observed=f"It has a name of Docker's making, {mount.name[:12]}….",
        look=look,
    )
    require(
        mount.name == "webvol",
        "other-volume",
        expected="The volume at /webdata is called webvol.",
        observed=f"It is called {mount.name}.",
        look=look,
    )
    require(
        web.ports,
        "not-published",
        expected=f"Port 8080 of web is published as {v.port}.",
        observed="None is published.",
        look="docker port web",
    )
    published = ", ".join(f"{port.container} as {port.host}" for port in web.ports)
    require(
        any(port.container == 8080 and port.host == v.port for port in web.ports),
        "other-port",
        expected=f"Port 8080 of web is published as {v.port}.",
        observed=f"Published: {published}.",
        look="docker port web",
    )
    require(
        page.status,
        "no-answer",
        expected=f"http://localhost:{v.port}/ shows {v.message}.",
        observed=f"It does not answer: {page.problem}.",
        look=Look(f"curl -sS http://localhost:{v.port}/", fails=True),
    )
    require(
        page.ok and page.body.strip() == v.message,
        "page",
        expected=f"http://localhost:{v.port}/ shows {v.message}.",
        observed=f"It answers with status {page.status}: {page.body.strip()[:80]!r}.",
        look=f"curl -s -i http://localhost:{v.port}/",
    )


@named.check("outlive-a-container", needs=("serve",), points=2)
async def outlive_a_container(see: See, v: Values) -> None:
    before = await see.before(DockerEventsProbe("web"))
    events = await see(DockerEventsProbe("web"))
    await require_outlived_container(see, "web", PAGE, says=v.message)
    lives = [one.action for one in events.after(before.last)]
    # A first try may have been made and removed without ever running.
    require(
        "start" in lives and "destroy" in lives[lives.index("start") :],
        "another-removed",
        expected="A container called web was run, removed, and run anew.",
        observed="The one that was removed had another name, or did not run.",
        look="docker events --since 30m --until 0s --filter event=destroy",
    )


@named.answer("path-of-webvol")
async def path_of_webvol(see: See, v: Values) -> list[str]:
    volume = await see(DockerVolumeProbe("webvol"))
    require(
        volume.exists,
        "absent",
        expected="There is a volume called webvol.",
        observed="There is none yet.",
        look="docker volume ls",
    )
    return [volume.mountpoint, volume.mountpoint + "/"]


def run_web(v: Values, volume: str = "-v webvol:/webdata") -> str:
    return f"docker container run -d --name web {volume} -p {v.port}:8080 myapp:latest"


def write_page(v: Values) -> str:
    return f"docker exec web sh -c 'echo {v.message} > {PAGE}'"


named.solution(
    "as the source does",
    lambda v: [run_web(v), write_page(v), "docker container rm -f web", run_web(v)],
    explained={0: ["page"], 1: ["page"], 2: ["too-young"]},
)
named.solution(
    "filled by a passing container",
    lambda v: [
        "docker volume create webvol",
        run_web(v, "--mount source=webvol,target=/webdata"),
        "docker run --rm --mount type=volume,source=webvol,target=/data myapp:latest "
        f"sh -c 'echo {v.message} > /data/index.html'",
        "docker rm -f web",
        run_web(v, "--mount source=webvol,target=/webdata"),
    ],
    survives={0: "`docker run` makes a named volume that does not exist yet."},
    explained={2: ["page"], 3: ["too-young"]},
)
named.solution(
    "an image by its id",
    lambda v: [
        "docker create --name web myapp && docker rm web",
        run_web(v).replace("myapp:latest", "$(docker image inspect -f '{{.Id}}' myapp)"),
        write_page(v),
        "docker rm -f web",
        run_web(v),
    ],
    survives={0: "A first try that came to nothing."},
    explained={1: ["page"], 2: ["page"], 3: ["too-young"]},
)
named.near_miss(
    "no volume",
    lambda v: [run_web(v, ""), write_page(v)],
    rejected_by="serve",
    reason="no-volume",
    explain=NOT_IN_VOLUME,
)
named.near_miss(
    "mounted elsewhere",
    lambda v: [run_web(v, "-v webvol:/webvol"), write_page(v)],
    rejected_by="serve",
    reason="no-volume",
    explain=NOT_IN_VOLUME,
)
named.near_miss(
    "a volume without a name",
    lambda v: [run_web(v, "-v /webdata"), write_page(v)],
    rejected_by="serve",
    reason="nameless",
    explain="With a path alone, -v makes a volume with a random name. Nobody finds it again.",
)
named.near_miss(
    "a folder of the bench",
    lambda v: [run_web(v, "-v $PWD/webvol:/webdata"), write_page(v)],
    rejected_by="serve",
    reason="not-a-volume",
    explain="What begins with / in -v is a folder of the host, a bind mount. A plain name is a "
    "volume.",
)
named.near_miss(
    "not published",
    lambda v: ["docker run -d --name web -v webvol:/webdata myapp:latest", write_page(v)],
    rejected_by="serve",
    reason="not-published",
    explain="The server runs, but its port is only reachable at the container's own address. "
    "-p HOST:CONTAINER publishes it, and has to be given when the container is made.",
)
named.near_miss(
    "the name misspelled",
    lambda v: [run_web(v, "-v webvo:/webdata"), write_page(v)],
    rejected_by="serve",
    reason="other-volume",
)
named.near_miss(
    "the two ports mixed up",
    lambda v: [
        run_web(v).replace(f"{v.port}:8080", f"8080:{v.port}"),
        write_page(v),
    ],
    rejected_by="serve",
    reason="other-port",
)
named.near_miss(
    "another file name",
    lambda v: [run_web(v), f"docker exec web sh -c 'echo {v.message} > /webdata/index.htm'"],
    rejected_by="serve",
    reason="page",
    explain="The server answers, but not with your text. It looks for index.html in /webdata.",
)
named.near_miss(
    "restarted instead of replaced",
    lambda v: [run_web(v), write_page(v), "docker restart -t 0 web"],
    rejected_by="outlive-a-container",
    reason="too-young",
    explain=TOO_YOUNG,
)
named.near_miss(
    "written again",
    lambda v: [run_web(v), write_page(v), "docker rm -f web", run_web(v), write_page(v)],
    rejected_by="outlive-a-container",
    reason="too-young",
    explain=TOO_YOUNG,
)
named.near_miss(
    "copied in afterwards, with an old date",
    lambda v: [
        run_web(v),
        "docker rm -f web",
        run_web(v),
        f"echo {v.message} > index.html && touch -d yesterday index.html",
        "docker cp index.html web:/webdata/index.html",
    ],
    rejected_by="outlive-a-container",
    reason="too-young",
    explain=TOO_YOUNG,
)
named.near_miss(
    "put into the volume before its first container",
    lambda v: [
        "docker volume create webvol",
        f"echo {v.message} > index.html",
        "sudo cp index.html $(docker volume inspect -f '{{.Mountpoint}}' webvol)/index.html",
        run_web(v),
    ],
    rejected_by="outlive-a-container",
    reason="nothing-removed",
    explain="The page is older than web, but no container that had the volume was removed after it "
    "was written. Remove web, and run it anew with the same volume.",
)

named.near_miss(
    "another container removed instead",
    lambda v: [
        f"docker run --rm -v webvol:/data myapp:latest sh -c 'echo {v.message} > /data/index.html'",
        run_web(v),
    ],
    rejected_by="outlive-a-container",
    reason="another-removed",
)

created = lab.step("volume-create", daemons=("docker",), resources=lambda _: [Image("busybox")])


@created.check("create")
async def create(see: See, v: Values) -> None:
    before = await see.before(DockerVolumesProbe())
    volumes = await see(DockerVolumesProbe())
    new = [name[:20] for name in volumes.names if name not in before.names]
    require(
        VOLUME in volumes.names or not new,
        "other-name",
        expected=f"There is a volume called {VOLUME}.",
        observed=f"There is a new one called {', '.join(new)}.",
        look="docker volume ls",
    )
    require(
        VOLUME in volumes.names,
        "absent",
        expected=f"There is a volume called {VOLUME}.",
        observed=f"There are: {', '.join(name[:20] for name in volumes.names)}."
        if volumes.names
        else "There are no volumes.",
        look="docker volume ls",
    )


@created.check("share", points=2)
async def share(see: See, v: Values) -> None:
    path = f"{SHARED}/{v.file}"
    writer, reader = [
        await require_container(see, name, image="busybox", mounts={SHARED: VOLUME})
        for name in ("writer", "reader")
    ]
    file = await see(ContainerFileProbe("reader", path))
    require(
        file.exists,
        "no-file",
        expected=f"In reader, {path} says {v.message}.",
        observed="It is not there.",
        look=f"docker exec reader ls {SHARED}",
    )
    require(
        file.text.strip() == v.message,
        "content",
        expected=f"In reader, {path} says {v.message}.",
        observed=f"It says {file.text.strip()[:80]!r}.",
        look=f"docker exec reader cat {path}",
    )
    in_writer = await see(MountProbe(SHARED, pid=writer.pid))
    require(
        not in_writer.read_only,
        "nobody-writes",
        expected="writer may write to the volume.",
        observed="It is mounted read-only there as well.",
        look=f"docker exec writer grep {SHARED} /proc/mounts",
    )
    await require_read_only(see, SHARED, pid=reader.pid)


def sharer(name: str, volume: str = VOLUME, more: str = "") -> str:
    return f"docker run -d --name {name} -v {volume}:{SHARED}{more} busybox sleep 1d"


def write_shared(v: Values) -> str:
    return f"docker exec writer sh -c 'echo {v.message} > {SHARED}/{v.file}'"


BY_HAND = {0: "`docker run` makes a named volume that does not exist yet."}
created.solution(
    "with -v",
    lambda v: [
        f"docker volume create {VOLUME}",
        sharer("writer"),
        sharer("reader", more=":ro"),
        write_shared(v),
    ],
    survives=BY_HAND,
)
created.solution(
    "with --mount and --volumes-from",
    lambda v: [
        f"docker volume create --label of=lesson {VOLUME}",
        f"docker run -d --name writer --mount src={VOLUME},dst={SHARED} busybox sleep 1d",
        write_shared(v),
        "docker run -d --name reader --volumes-from writer:ro busybox sleep 1d",
    ],
    survives=BY_HAND,
)
created.near_miss(
    "no name given",
    lambda _: ["docker volume create"],
    rejected_by="create",
    reason="other-name",
    explain=WRONG_NAME,
)
created.near_miss(
    "underscores",
    lambda _: ["docker volume create my_named_volume"],
    rejected_by="create",
    reason="other-name",
    explain=WRONG_NAME,
)
created.near_miss(
    "both may write",
    lambda v: [sharer("writer"), sharer("reader"), write_shared(v)],
    rejected_by="share",
    reason="writable",
    explain="reader can change what writer wrote. A mount is read-only when :ro follows its "
    "target; a read-only root (--read-only) does not make its volumes read-only.",
)
created.near_miss(
    "a read-only root",
    lambda v: [
        sharer("writer"),
        f"docker run -d --read-only --name reader -v {VOLUME}:{SHARED} busybox sleep 1d",
        write_shared(v),
    ],
    rejected_by="share",
    reason="writable",
    explain="reader can change what writer wrote. A mount is read-only when :ro follows its "
    "target; a read-only root (--read-only) does not make its volumes read-only.",
)
created.near_miss(
    "read-only there, and read-write beside it",
    lambda v: [
        sharer("writer"),
        f"docker run -d --name reader -v {VOLUME}:{SHARED}:ro -v {VOLUME}:/mine busybox sleep 1d",
        write_shared(v),
    ],
    rejected_by="share",
    reason="writable-elsewhere",
)
created.near_miss(
    "a volume each, and a copy",
    lambda v: [
        sharer("writer"),
        write_shared(v),
        sharer("reader", "my-other-volume"),
        f"docker cp writer:{SHARED}/{v.file} . && docker cp {v.file} reader:{SHARED}/{v.file}",
    ],
    rejected_by="share",
    reason="other-mount",
    explain="At /shared is something else than my-named-volume, at least in the one that is named. "
    "Both are to have this one volume there.",
)
created.near_miss(
    "read-only in both",
    lambda v: [
        f"docker run --rm -v {VOLUME}:{SHARED} busybox "
        f"sh -c 'echo {v.message} > {SHARED}/{v.file}'",
        sharer("writer", more=":ro"),
        sharer("reader", more=":ro"),
    ],
    rejected_by="share",
    reason="nobody-writes",
    explain="writer cannot write. Only reader is to have the volume read-only.",
)
