"""On-demand self-service: a machine is rented in a second, and nobody was asked."""

from __future__ import annotations

from lab_engine.authoring import Image, See, require_instance, require_instance_serves
from labs.a_cloud_of_your_own.values import IMAGE, Values, lab

step = lab.step(
    "rent",
    daemons=("incus", "docker"),
    resources=lambda _: [IMAGE, Image("busybox")],
)


@step.check("rent", points=2, settle=4.0)
async def rented(see: See, v: Values) -> None:
    await require_instance(see, v.shop, image="web", memory=v.size << 20)
    await require_instance_serves(see, v.shop, 80, says=v.shop)


step.solution("launch", lambda v: [f"incus launch web {v.shop} -c limits.memory={v.size}MiB"])
step.solution(
    "made, sized, started",
    lambda v: [
        f"incus init web {v.shop}",
        f"incus config set {v.shop} limits.memory={v.size * 1024}KiB",
        f"incus start {v.shop}",
    ],
    explained={1: ["no-limit"], 2: ["not-running"]},
)
step.solution(
    "over the API",
    lambda v: [
        "curl -s --unix-socket /var/lib/incus/unix.socket -X POST http://incus/1.0/instances -d "
        f'\'{{"name": "{v.shop}", "start": true, "source": {{"type": "image", "alias": "web"}}, '
        f'"config": {{"limits.memory": "{v.size}MiB"}}}}\''
    ],
)
step.near_miss(
    "rented, then stopped",
    lambda v: [f"incus launch web {v.shop} -c limits.memory={v.size}MiB", f"incus stop {v.shop}"],
    rejected_by="rent",
    reason="not-running",
    explain="It is made, but it does not run. `incus start` switches it on.",
)
step.near_miss(
    "without a size",
    lambda v: [f"incus launch web {v.shop}"],
    rejected_by="rent",
    reason="no-limit",
    explain="Without a limit it may take all the memory that the cloud has. `-c limits.memory=` at "
    "`incus launch`, or `incus config set` later, gives it a size.",
)
step.near_miss(
    "MB for MiB",
    lambda v: [f"incus launch web {v.shop} -c limits.memory={v.size}MB"],
    rejected_by="rent",
    reason="other-limit",
)
step.near_miss(
    "a container of Docker",
    lambda v: [
        f"docker run -d --name {v.shop} --hostname {v.shop} --memory {v.size}m busybox "
        "sh -c 'hostname > /tmp/index.html; httpd -f -p 80 -h /tmp'"
    ],
    rejected_by="rent",
    reason="absent",
)
step.near_miss(
    "another name",
    lambda v: [f"incus launch web {v.shop}1 -c limits.memory={v.size}MiB"],
    rejected_by="rent",
    reason="absent",
)
step.near_miss(
    "its page written over",
    lambda v: [
        f"incus launch web {v.shop} -c limits.memory={v.size}MiB",
        f"incus exec {v.shop} -- sh -c 'until [ -e /www/index.html ]; do sleep 0.1; done; "
        "sleep 0.5; echo open > /www/index.html'",
    ],
    rejected_by="rent",
    reason="other-page",
)
