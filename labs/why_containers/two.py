"""Two applications that want the same port and the same file, side by side."""

from __future__ import annotations

from lab_engine.authoring import (
    ContainerFileProbe,
    Directory,
    FileProbe,
    Image,
    See,
    require,
    require_all,
    require_container,
    require_served_by,
)
from labs.why_containers.values import WORK, Values, lab

CONF = "/etc/app.conf"
SERVE = """\
#!/bin/sh
# The whole application: it reads its settings, writes a page, and serves it.
. /etc/app.conf
mkdir -p /tmp/www
echo "$title" > /tmp/www/index.html
exec httpd -f -p 80 -h /tmp/www
"""

step = lab.step(
    "two-applications",
    daemons=("docker",),
    resources=lambda v: [
        Image("busybox"),
        *(
            Directory(
                name,
                path=f"{WORK}/{name}",
                files={"serve": SERVE, "app.conf": f'title="{title}"\n'},
            )
            for name, title in ((v.shop, v.wares), (v.blog, v.tale))
        ),
    ],
)


@step.check("both", points=3, settle=2.0)
async def both(see: See, v: Values) -> None:
    await require_all(
        *(
            require_container(see, name, image="busybox", namespaces={"net": "own"})
            for name in (v.shop, v.blog)
        )
    )
    for name, title in ((v.shop, v.wares), (v.blog, v.tale)):
        conf = await see(ContainerFileProbe(name, CONF))
        require(
            conf.kind != "directory",
            "folder",
            expected=f"In {name} there is a file {CONF}.",
            observed="There is a folder of that name.",
            look=f"docker exec {name} ls -ld {CONF}; ls -l {WORK}/*",
        )
        require(
            conf.exists and conf.kind == "file",
            "no-settings",
            expected=f"In {name} there is a file {CONF}.",
            observed="There is none.",
            look=f"docker exec {name} ls /etc",
        )
        require(
            title in conf.text,
            "other-settings",
            expected=f"{CONF} in {name} is that of the folder {name}.",
            observed=f"It says {conf.text.strip()[:60]!r}.",
            look=f"docker exec {name} cat {CONF}",
        )
        await require_served_by(see, name, 80, says=title)
    ours = await see(FileProbe(CONF))
    require(
        not ours.exists,
        "on-the-bench",
        expected=f"The bench itself has no {CONF}.",
        observed="It has one now.",
        look=f"ls -l {CONF}",
    )


def run(name: str, *, conf: str = "", options: str = "", command: str = "sh /serve") -> str:
    return (
        f"docker run -d --name {name} -v $PWD/{conf or name}/app.conf:{CONF}:ro "
        f"-v $PWD/{name}/serve:/serve:ro {options}busybox {command}"
    )


step.solution("mounted in", lambda v: [run(v.shop), run(v.blog)])
step.solution(
    "copied in, then started",
    lambda v: [
        f"for n in {v.shop} {v.blog}; do docker create --name $n busybox sh /serve; "
        f"docker cp $n/app.conf $n:{CONF}; docker cp $n/serve $n:/serve; done",
        f"docker start {v.shop} {v.blog}",
    ],
)
step.near_miss(
    "one of them",
    lambda v: [run(v.shop)],
    rejected_by="both",
    reason="absent",
)
step.near_miss(
    "without its settings",
    lambda v: [
        run(v.shop),
        f"docker run -d --name {v.blog} -v $PWD/{v.blog}/serve:/serve:ro busybox sh /serve",
    ],
    rejected_by="both",
    reason="not-running",
)
step.near_miss(
    "the same settings twice",
    lambda v: [run(v.shop), run(v.blog, conf=v.shop)],
    rejected_by="both",
    reason="other-settings",
    explain="It reads the settings of the other one. Which file of the bench stands before the "
    "colon?",
)
step.near_miss(
    "the name before the colon misspelt",
    lambda v: [run(v.shop), run(v.blog).replace("app.conf:", "app.cnf:", 1)],
    rejected_by="both",
    reason="folder",
    explain="Before the colon stood a name that is not there. Docker then makes a folder of that "
    "name, and shows that. `docker rm -f` the container, remove the new folder (it is root's: "
    "`sudo rmdir`), and write the file's name as `ls` shows it.",
)
NOT_OWN = (
    "It shares the network of the bench, or of another container, and the one port 80 that there "
    "is. Without `--network` it gets a network of its own."
)
step.near_miss(
    "in the bench's network",
    lambda v: [run(v.shop, options="--network host "), run(v.blog)],
    rejected_by="both",
    reason="not-own",
    explain=NOT_OWN,
)
step.near_miss(
    "both in one container",
    lambda v: [
        run(v.shop),
        f"docker run -d --name {v.blog} --network container:{v.shop} "
        f"-v $PWD/{v.blog}/app.conf:{CONF}:ro busybox sleep 1d",
    ],
    rejected_by="both",
    reason="not-own",
    explain=NOT_OWN,
)
step.near_miss(
    "another port",
    lambda v: [
        run(v.shop),
        f"sed s/80/8080/ {v.blog}/serve > other && "
        + run(v.blog).replace(f"{v.blog}/serve", "other"),
    ],
    rejected_by="both",
    reason="no-server",
)
step.near_miss(
    "kept alive, not served",
    lambda v: [run(v.shop), run(v.blog, command="sleep 1d")],
    rejected_by="both",
    reason="no-server",
)
step.near_miss(
    "the settings put on the bench as well",
    lambda v: [f"sudo cp {v.shop}/app.conf {CONF}", run(v.shop), run(v.blog)],
    rejected_by="both",
    reason="on-the-bench",
    explain="The applications have what they want, but the bench has a file now that nobody needs "
    "there. Remove it with `sudo rm`.",
)
