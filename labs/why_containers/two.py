"""Two applications that want the same port and the same file, side by side."""

from __future__ import annotations

from lab_engine.authoring import (
    ContainerFileProbe,
    Directory,
    DirectoryProbe,
    FileProbe,
    HttpProbe,
    Image,
    See,
    require,
    require_all,
    require_container,
    require_served_by,
)
from labs.why_containers.values import WORK, Values, lab

CONF = "/etc/app.conf"
PAGE = "/tmp/www/index.html"  # noqa: S108  the application's, in its container
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


async def require_delivered(see: See, name: str) -> None:
    """The two files of an application are as they were delivered. Reasons: `changed`."""
    for file in ("serve", "app.conf"):
        probe = FileProbe(f"{WORK}/{name}/{file}")
        before = await see.before(probe)
        now = await see(probe)
        require(
            now.exists and now.sha256 == before.sha256,
            "changed",
            expected=f"{name}/{file} is as it was delivered.",
            observed="Its text is another one." if now.exists else "It is not there any more.",
            look=f"head -n 20 {WORK}/{name}/* || true",
        )


async def require_reached(see: See, name: str, title: str) -> None:
    """The bench can fetch the page at an address of the container. Reasons: `no-cable`, `shut`."""
    found = await require_container(see, name)
    address = next((one.address for one in found.networks.values() if one.address), "")
    require(
        address,
        "no-cable",
        expected=f"{name} has an address that its page can be had from.",
        observed="It is on no network where anybody could reach it.",
        look=f"docker exec {name} ip addr",
    )
    url = f"http://{address}:80/"
    page = await see(HttpProbe(url))
    require(
        page.body.strip() == title,
        "shut",
        expected=f"The bench gets {title!r} from {url}",
        observed=f"It gets {page.body.strip()[:60]!r}." if page.status else "Nobody answers there.",
        look=f"docker exec {name} netstat -tln",
    )


@step.check("both", points=3, settle=2.0)
async def both(see: See, v: Values) -> None:
    # First, so that the step's start has it.
    etc = await see.before(DirectoryProbe("/etc"))
    for name in (v.shop, v.blog):
        await require_delivered(see, name)
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
        page = await see(ContainerFileProbe(name, PAGE))
        served = await require_served_by(see, name, 80, says=title)
        require(
            page.text.strip() == title,
            "other-program",
            expected=f"In {name} runs the application as it was delivered: its page is {PAGE}.",
            observed="The page that is served is another file.",
            look=f"docker top {served.name}; docker exec {name} ls -l {PAGE} || true",
        )
        await require_reached(see, name, title)
    ours = await see(FileProbe(CONF))
    require(
        not ours.exists,
        "on-the-bench",
        expected=f"The bench itself has no {CONF}.",
        observed="It has one now.",
        look=f"ls -l {CONF}",
    )
    now = await see(DirectoryProbe("/etc"))
    new = sorted(set(now.entries) - set(etc.entries))
    require(
        not new,
        "in-etc",
        expected="Nothing new is in the bench's own /etc.",
        observed=f"There is {', '.join(new)[:60]}.",
        look="ls -lt /etc | head",
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
step.solution(
    "by a way of their own each: a file of its own that may be run, and the text of the script",
    lambda v: [
        f"cp {v.shop}/serve mine && chmod +x mine && docker run -d --init --name {v.shop} -p 80 "
        f"-v $PWD/{v.shop}/app.conf:{CONF} -v $PWD/mine:/bin/mine busybox mine",
        f"docker network create lan && docker run -d --network lan --name {v.blog} "
        f'-v $PWD/{v.blog}/app.conf:{CONF}:ro busybox sh -c "$(cat {v.blog}/serve)"',
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
CHANGED = (
    "They were to run as they came. A container that runs already may not notice, but the next one "
    "would. Write it again as the text shows it, or reset the step (Shift+F8, or "
    "`infralab repair --reset`)."
)
step.near_miss(
    "the page elsewhere, by a change of the script",
    lambda v: [f"sed -i s,/tmp/www,/www,g {v.shop}/serve", run(v.shop), run(v.blog)],
    rejected_by="both",
    reason="changed",
    explain=CHANGED,
)
step.near_miss(
    "thrown away once it ran",
    lambda v: [run(v.shop), run(v.blog), f"rm -r {v.blog}"],
    rejected_by="both",
    reason="changed",
    explain=CHANGED,
)
step.near_miss(
    "a server of one's own with the page",
    lambda v: [
        run(v.blog),
        f"docker run -d --name {v.shop} -v $PWD/{v.shop}/app.conf:{CONF}:ro busybox sh -c "
        "'. /etc/app.conf; mkdir /www; echo \"$title\" > /www/index.html; httpd -f -h /www'",
    ],
    rejected_by="both",
    reason="other-program",
    explain="The page is right, and what serves it is not the application. Show the container the "
    "file `serve` of its folder, and let `sh` run that.",
)
step.near_miss(
    "without a cable",
    lambda v: [run(v.shop), run(v.blog, options="--network none ")],
    rejected_by="both",
    reason="no-cable",
    explain="It serves its page, and nobody can ask for it: with `--network none` a container has "
    "no cable. Without `--network` it gets one.",
)
step.near_miss(
    "for itself alone",
    lambda v: [
        run(v.shop),
        f"sed s/80/127.0.0.1:80/ {v.blog}/serve > other && "
        + run(v.blog).replace(f"{v.blog}/serve", "other"),
    ],
    rejected_by="both",
    reason="shut",
    explain="The server waits at 127.0.0.1, which is the container's own: who asks from outside is "
    "not heard. The script as it was delivered waits at all addresses.",
)
step.near_miss(
    "the settings in a folder below /etc as well",
    lambda v: [
        f"sudo mkdir /etc/{v.shop} && sudo cp {v.shop}/app.conf /etc/{v.shop}/",
        run(v.shop).replace(f"$PWD/{v.shop}/app.conf", f"/etc/{v.shop}/app.conf"),
        run(v.blog),
    ],
    rejected_by="both",
    reason="in-etc",
    explain="Something was put into the bench's own `/etc`. A container can be shown a file of any "
    "folder: `docker rm -f` the container that uses it, `sudo rm -r` the new thing, and show the "
    "file of your work folder.",
)
