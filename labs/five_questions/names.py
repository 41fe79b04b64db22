"""Names: what somebody wrote down is true until the other one moves."""

from __future__ import annotations

from lab_engine.authoring import FileProbe, HttpProbe, ProcessProbe, See, place, require
from labs.five_questions.asked import inside, named, on, require_on, serve
from labs.five_questions.values import IMAGE, Values, lab

FIRST = (
    "Of two lines for one name in `/etc/hosts` the first one counts. The old address has to go "
    "from the file."
)

step = lab.step("names", daemons=("docker",), resources=lambda v: v.rack())


@step.check("names", points=3)
async def names(see: See, v: Values) -> None:
    store = await require_on(see, v.first, v.second, v.store)
    left = named(await inside(see, v.second), v.store)
    look = on(v.second, "ps -a")
    require(
        left is not None,
        "never-moved",
        expected=f"{v.store} was on {v.second} before: its container is still there, stopped.",
        observed=f"{v.second} has none of that name.",
        look=look,
    )
    assert left is not None
    require(
        left.state == "exited",
        "two",
        expected=f"The {v.store} on {v.second} has run, and is stopped.",
        observed=f"It is {left.state}.",
        look=look,
    )
    shop = await require_on(see, v.first, v.second, v.shop)
    its, other = await see(
        ProcessProbe(pid=shop.pid, everything=True), ProcessProbe(pid=store.pid, everything=True)
    )
    require(
        its.processes
        and other.processes
        and its.processes[0].started <= other.processes[0].started,
        "shop-anew",
        expected=f"{v.shop} has run since before {v.store} came to {v.first}.",
        observed="It was started, or started again, after it.",
        look=on(v.first, "ps"),
    )
    url = f"http://{v.store}:{v.port}/"
    page, hosts = await see(
        HttpProbe(url, place.process(shop.pid)), FileProbe("/etc/hosts", pid=shop.pid)
    )
    lines = [words[0] for line in hosts.content.splitlines() if v.store in (words := line.split())]
    about = on(v.first, f"exec {v.shop} cat /etc/hosts")
    require(
        v.first_address not in lines[1:] or lines[0] == v.first_address,
        "second-line",
        expected=f"The first line for {v.store} in /etc/hosts of {v.shop} has {v.first_address}.",
        observed=f"It has {lines[0] if lines else 'none'}, and {v.first_address} comes later.",
        look=about,
    )
    told = (
        f"It says {page.body.strip()[:60]!r}."
        if page.ok
        else page.problem or f"It answers with {page.status}."
    )
    require(
        v.sign in page.body or v.first_address not in lines,
        "no-page",
        expected=f"At {v.first_address}, port {v.port} answers with {v.sign!r}.",
        observed=told,
        look=on(v.first, "ps"),
    )
    require(
        v.sign in page.body,
        "stale",
        expected=f"In {v.shop}, {url} answers with {v.sign!r}.",
        observed=told,
        look=about,
    )


def store(v: Values, machine: str, *, port: int = 0) -> str:
    return on(machine, f"run -d --name {v.store} -p {port or v.port}:80 {IMAGE} {serve(v.sign)}")


def shop(v: Values, address: str = "") -> str:
    known = f"--add-host {v.store}:{address}" if address else ""
    return on(v.first, f"run -d --name {v.shop} {known} {IMAGE} sleep 1d")


def moved(v: Values, port: int = 0) -> list[str]:
    return [
        store(v, v.second),
        shop(v, v.second_address),
        on(v.second, f"stop -t 1 {v.store}"),
        store(v, v.first, port=port),
    ]


def within(v: Values, command: str) -> str:
    return on(v.first, f'exec {v.shop} sh -c "{command}"')


def rewrite(v: Values) -> str:
    return within(
        v,
        f"sed s/{v.second_address}/{v.first_address}/ /etc/hosts > /tmp/new; "
        "cat /tmp/new > /etc/hosts",
    )


step.solution("as shown", lambda v: [*moved(v), rewrite(v)])
step.solution(
    "with nothing but the new line",
    lambda v: [*moved(v), within(v, f"echo {v.first_address} {v.store} > /etc/hosts")],
)
step.near_miss(
    "moved, and the name left as it was",
    moved,
    rejected_by="names",
    reason="stale",
)
step.near_miss(
    "a second line at the end",
    lambda v: [*moved(v), within(v, f"echo {v.first_address} {v.store} >> /etc/hosts")],
    rejected_by="names",
    reason="second-line",
    explain=FIRST,
)
step.near_miss(
    "the shop made anew",
    lambda v: [
        *moved(v),
        on(v.first, f"rm -f {v.shop}"),
        shop(v, v.first_address),
    ],
    rejected_by="names",
    reason="shop-anew",
    explain="The shop has to be there before the store moves. Remove both, and begin with the "
    "shop, which is told the old address.",
)
step.near_miss(
    "never anywhere else",
    lambda v: [shop(v, v.first_address), store(v, v.first)],
    rejected_by="names",
    reason="never-moved",
)
step.near_miss(
    "one on each machine",
    lambda v: [
        store(v, v.second),
        shop(v, v.first_address),
        store(v, v.first),
    ],
    rejected_by="names",
    reason="two",
)
step.near_miss(
    "not moved yet",
    lambda v: [store(v, v.second), shop(v, v.second_address)],
    rejected_by="names",
    reason="other-machine",
)
step.near_miss(
    "at another port",
    lambda v: [*moved(v, port=v.port + 1000), rewrite(v)],
    rejected_by="names",
    reason="no-page",
)
step.near_miss(
    "only held still",
    lambda v: [
        store(v, v.second),
        shop(v, v.second_address),
        on(v.second, f"pause {v.store}"),
        store(v, v.first),
        rewrite(v),
    ],
    rejected_by="names",
    reason="two",
)
