"""An app that runs as whoever it is told."""

from __future__ import annotations

from lab_engine.authoring import (
    ContainerFileProbe,
    ContainerPathsProbe,
    Resource,
    See,
    require,
    require_container,
    require_served_by,
)
from labs.source_to_image.made import (
    KEPT,
    MADE_BEFORE,
    require_made,
    require_newest,
    require_run_by,
)
from labs.source_to_image.values import (
    APP,
    HOME,
    PORT,
    Values,
    folder,
    given,
    lab,
    operators,
    touched,
)

LOG = f"{APP}/log"
STARTED = f"{LOG}/started"
GROUP_WRITES, OTHERS_WRITE = 0o030, 0o002
"""Permission bits of a folder, to change what is in it: write, and enter."""


def resources(v: Values) -> list[Resource]:
    return [
        *operators(),
        folder(v, v.keeper, given("counter"), 0o755),
        folder(v, v.diary, {"index.html": f"A {v.diary} for everybody\n"}),
    ]


step = lab.step("any-user", daemons=("docker",), resources=resources, touches=touched)


@step.check("anybody", points=3)
async def anybody(see: See, v: Values) -> None:
    await require_made(see, v.diary, v.keeper)
    await require_newest(see, v.diary, v.diary)
    found = await require_container(see, v.diary, image=v.diary)
    await require_run_by(see, found, v.uid)
    log, started, layers = await see(
        ContainerFileProbe(v.diary, LOG),
        ContainerFileProbe(v.diary, STARTED),
        ContainerPathsProbe(v.diary, (LOG,)),
    )
    look = f"docker exec {v.diary} ls -ldn {LOG} {APP}"
    require(
        not layers.paths[LOG].covered,
        "mounted-over",
        expected=f"{LOG} in {v.diary} is the folder of the image.",
        observed="Something is mounted over it.",
        look=f"docker inspect -f '{{{{json .Mounts}}}} {{{{json .HostConfig.Tmpfs}}}}' {v.diary}",
    )
    require(
        log.exists and log.uid != v.uid,
        "one-number",
        expected=f"{LOG} does not belong to {v.uid}: tomorrow it is another number.",
        observed="It does." if log.exists else "There is no such folder.",
        look=f"docker exec {v.diary} ls -ln {APP}",
    )
    require(
        not log.mode & OTHERS_WRITE,
        "everybody",
        expected=f"Only the owner and the group of {LOG} may write there.",
        observed="Everybody may.",
        look=look,
    )
    require(
        log.gid == 0 and log.mode & GROUP_WRITES == GROUP_WRITES,
        "other-group",
        expected=f"{LOG} belongs to group 0, and the group may write there.",
        observed=f"Its group is {log.gid}, its mode {log.mode & 0o777:o}.",
        look=look,
    )
    require(
        started.exists and started.uid == v.uid,
        "nothing-noted",
        expected=f"The app, as {v.uid}, has written {STARTED}.",
        observed=f"It belongs to {started.uid}." if started.exists else "There is none.",
        look=f"docker exec {v.diary} ls -ln {LOG}",
    )
    await require_served_by(see, v.diary, PORT, says=f"A {v.diary} for everybody")


def mend(v: Values, by: str = "chmod -R g=u /opt/app") -> str:
    return f"sed -i 's,chown -R 1001:0 /opt/app,& \\&\\& {by},' {v.keeper}/Dockerfile"


def build(v: Values) -> str:
    return (
        f"docker build -t {v.keeper} {v.keeper} && {HOME}/s2i build {v.diary} {v.keeper} {v.diary}"
    )


def run(v: Values, user: str = "") -> str:
    who = user or f"-u {v.uid}:0"
    return f"docker run -d --name {v.diary} {who} {v.diary}; sleep 0.5"


step.solution("as shown", lambda v: [mend(v), build(v), run(v)])
step.solution(
    "the log's folder alone, and no group named",
    lambda v: [mend(v, "chmod 770 /opt/app/log"), build(v), run(v, f"--user {v.uid}")],
)
step.solution(
    "by the script that runs in the build",
    lambda v: [f"echo 'chmod g+rwX /opt/app/log' >> {v.keeper}/assemble", build(v), run(v)],
)
step.near_miss(
    "nothing mended",
    lambda v: [build(v), run(v)],
    rejected_by="anybody",
    reason="not-running",
)
step.near_miss(
    "nothing mended, and not asked for",
    lambda v: [build(v), run(v, " ")],
    rejected_by="anybody",
    reason="other-user",
)
step.near_miss(
    "mended, but run as it says itself",
    lambda v: [mend(v), build(v), run(v, " ")],
    rejected_by="anybody",
    reason="other-user",
)
step.near_miss(
    "as root",
    lambda v: [build(v), run(v, "-u 0:0")],
    rejected_by="anybody",
    reason="other-user",
)
step.near_miss(
    "for everybody",
    lambda v: [mend(v, "chmod -R 777 /opt/app"), build(v), run(v)],
    rejected_by="anybody",
    reason="everybody",
    explain="It works, but now everybody may write there, which is more than the app needs. Its "
    "group is always 0: so `chmod g=u` is enough.",
)
step.near_miss(
    "for this number",
    lambda v: [
        f"sed -i 's,1001:0 /opt,{v.uid}:0 /opt,' {v.keeper}/Dockerfile && "
        f"sed -i 's,^USER.*,USER {v.uid},' {v.keeper}/Dockerfile",
        build(v),
        run(v),
    ],
    rejected_by="anybody",
    reason="one-number",
    explain="The folder belongs to this number now. In the next project it is another one, and the "
    "same image fails there. What stays the same is the group, 0.",
)
step.near_miss(
    "a place of its own at the start",
    lambda v: [build(v), run(v, f"-u {v.uid}:0 --tmpfs {LOG}:mode=1777")],
    rejected_by="anybody",
    reason="mounted-over",
)
step.near_miss(
    "mended and made, and not run again",
    lambda v: [build(v), run(v), mend(v), build(v)],
    rejected_by="anybody",
    reason="older-image",
    explain=KEPT,
)
step.near_miss(
    "the old image",
    lambda v: [
        build(v),
        mend(v),
        f"docker build -t {v.keeper} {v.keeper}",
        run(v, " "),
    ],
    rejected_by="anybody",
    reason="other-builder",
    explain=MADE_BEFORE,
)
