"""Traffic between machines: a container's address means nothing on the next one."""

from __future__ import annotations

from lab_engine.authoring import DockerContainerProbe, HttpProbe, ProcessProbe, See, place, require
from labs.five_questions.asked import on, require_on, serve
from labs.five_questions.values import IMAGE, Values, lab

PUBLISH = (
    "An address of a container holds on its own machine. From others, a container is reached at "
    "the machine's address and a port that was published: with `-p A:B`, A is the machine's port "
    "and B the container's."
)

step = lab.step("wire", daemons=("docker",), resources=lambda v: v.rack())


@step.check("wire", points=3)
async def wire(see: See, v: Values) -> None:
    store = await require_on(see, v.second, v.first, v.store)
    shop = await require_on(see, v.first, v.second, v.shop)
    look = on(v.second, "ps")
    machine = await see(DockerContainerProbe(v.second))
    own, its = await see(
        ProcessProbe(pid=store.pid, everything=True), ProcessProbe(pid=machine.pid, everything=True)
    )
    nets = {one.namespaces.get("net") for one in its.processes}
    require(
        own.processes and own.processes[0].namespaces.get("net") not in nets,
        "on-the-machine",
        expected=f"{v.store} has a network of its own, as containers have.",
        observed=f"It uses that of {v.second}: no other could have this port there.",
        look=on(v.second, f"inspect -f '{{{{.HostConfig.NetworkMode}}}}' {v.store}"),
    )
    inside = await see(HttpProbe("http://127.0.0.1/", place.process(store.pid)))
    require(
        v.sign in inside.body,
        "other-page",
        expected=f"In {v.store}, port 80 answers with {v.sign!r}.",
        observed=f"It says {inside.body.strip()[:60]!r}."
        if inside.ok
        else inside.problem or f"It answers with {inside.status}.",
        look=on(v.second, f"exec {v.store} wget -qO - http://127.0.0.1/"),
    )
    url = f"http://{v.second_address}:{v.port}/"
    page, outside = await see(
        HttpProbe(url, place.process(shop.pid)), HttpProbe(url, place.container(v.first))
    )
    require(
        v.sign in page.body or v.sign not in outside.body,
        "cut-off",
        expected=f"{v.shop} is on a network that leads out of {v.first}.",
        observed=f"From {v.first} itself the page is reached, from {v.shop} it is not.",
        look=on(v.first, f"inspect -f '{{{{.HostConfig.NetworkMode}}}}' {v.shop}"),
    )
    require(
        v.sign in page.body,
        "not-reached",
        expected=f"In {v.shop}, {url} leads to that page.",
        observed=f"It says {page.body.strip()[:60]!r}."
        if page.ok
        else page.problem or f"It answers with {page.status}.",
        look=look,
    )


def store(v: Values, machine: str, options: str, *, sign: str = "", port: int = 80) -> str:
    return on(machine, f"run -d --name {v.store} {options} {IMAGE} {serve(sign or v.sign, port)}")


def shop(v: Values) -> str:
    return on(v.first, f"run -d --name {v.shop} {IMAGE} sleep 1d")


step.solution("as shown", lambda v: [store(v, v.second, f"-p {v.port}:80"), shop(v)])
step.solution(
    "on networks of their own, and at one address",
    lambda v: [
        on(v.second, "network create lan"),
        store(v, v.second, f"--network lan -p {v.second_address}:{v.port}:80"),
        on(v.first, "network create other"),
        on(v.first, f"run -d --name {v.shop} --network other {IMAGE} sleep 1d"),
    ],
)
step.near_miss(
    "nothing published",
    lambda v: [store(v, v.second, "--expose 80"), shop(v)],
    rejected_by="wire",
    reason="not-reached",
    explain=PUBLISH,
)
step.near_miss(
    "published for the machine alone",
    lambda v: [store(v, v.second, f"-p 127.0.0.1:{v.port}:80"), shop(v)],
    rejected_by="wire",
    reason="not-reached",
    explain=PUBLISH,
)
step.near_miss(
    "another port",
    lambda v: [store(v, v.second, f"-p {v.port + 1000}:80"), shop(v)],
    rejected_by="wire",
    reason="not-reached",
    explain=PUBLISH,
)
step.near_miss(
    "published on the wrong port of the container",
    lambda v: [store(v, v.second, f"-p {v.port}:{v.port}"), shop(v)],
    rejected_by="wire",
    reason="not-reached",
    explain=PUBLISH,
)
step.near_miss(
    "both on one machine",
    lambda v: [store(v, v.first, f"-p {v.port}:80"), shop(v)],
    rejected_by="wire",
    reason="other-machine",
)
step.near_miss(
    "without a network of its own",
    lambda v: [
        store(v, v.second, "--network host", port=v.port),
        # That its own port 80 answers, too.
        on(v.second, f"exec -d {v.store} httpd -f -p 80 -h /tmp"),
        shop(v),
    ],
    rejected_by="wire",
    reason="on-the-machine",
)
step.near_miss(
    "a shop without a network",
    lambda v: [
        store(v, v.second, f"-p {v.port}:80"),
        on(v.first, f"run -d --name {v.shop} --network none {IMAGE} sleep 1d"),
    ],
    rejected_by="wire",
    reason="cut-off",
)
step.near_miss(
    "another page",
    lambda v: [store(v, v.second, f"-p {v.port}:80", sign="hello"), shop(v)],
    rejected_by="wire",
    reason="other-page",
)
step.near_miss(
    "nobody who asks",
    lambda v: [store(v, v.second, f"-p {v.port}:80")],
    rejected_by="wire",
    reason="absent",
)
