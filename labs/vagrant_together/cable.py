"""A network of their own, and a machine that asks the other one until it gets an answer."""

from __future__ import annotations

import re

from lab_engine.authoring import (
    DockerContainerProbe,
    DockerContainerReading,
    FileProbe,
    HttpProbe,
    Image,
    See,
    container,
    require,
    require_served_by,
    require_vagrantfile,
)
from labs.vagrant_together.machines import require_busybox
from labs.vagrant_together.values import PROVIDER, Values, lab, up, vagrantfile, written

step = lab.step(
    "cable",
    daemons=("docker",),
    resources=lambda _: [Image("busybox")],
    touches=lambda _: [],
)


async def machine(see: See, v: Values, name: str) -> str:
    return (await require_busybox(see, v, name)).thing


async def runs(see: See, v: Values, its: DockerContainerReading) -> str:
    """What the program of a machine is, with the variables and the script that it was given."""
    told = " ".join((*its.command, *its.environment.values()))
    scripts = [f"{v.folder}/{one}" for one in re.findall(r"/vagrant/([\w./-]+\.sh)\b", told)[:2]]
    return " ".join([told, *[(await see(FileProbe(one))).content for one in scripts]])


@step.check("cable", points=2, settle=2.0)
async def cable(see: See, v: Values) -> None:
    front, back = await machine(see, v, v.front), await machine(see, v, v.back)
    one, other = await see(DockerContainerProbe(front), DockerContainerProbe(back))
    for its, name, address in ((one, v.front, f"{v.net}.11"), (other, v.back, f"{v.net}.12")):
        found = {end.address: end.prefix for end in its.networks.values() if end.address}
        require(
            address in found,
            "other-address",
            expected=f"{name} has the address {address}.",
            observed=f"It has {', '.join(sorted(found)) or 'none'}.",
            look=f"docker inspect -f '{{{{json .NetworkSettings.Networks}}}}' {its.name}",
        )
        require(
            found[address] == 24,
            "other-netmask",
            expected=f"{address} is in a network with the netmask 24.",
            observed=f"Its netmask is {found[address]}.",
            look=f"docker exec {its.name} ip address",
        )
    (page,) = [await see(HttpProbe(f"http://{v.net}.12/", container(front)))]
    require(
        page.ok and page.body.strip() == v.word,
        "out-of-reach",
        expected=f"From {front}, http://{v.net}.12/ shows {v.word}.",
        observed=f"It shows {page.body.strip()[:60]!r}.",
        look=f"docker exec {front} wget -qO - http://{v.net}.12/ || docker ps -a",
    )
    # A cable that was plugged in by hand is not there when the machines are made anew.
    await require_vagrantfile(see, v.folder, "private_network")


@step.check("through", points=2, settle=6.0)
async def through(see: See, v: Values) -> None:
    front, back = await machine(see, v, v.front), await machine(see, v, v.back)
    await require_served_by(see, back, 80, says=v.word)
    await require_served_by(see, front, 80, says=v.word)
    one, other = await see(DockerContainerProbe(front), DockerContainerProbe(back))
    require(
        0 < one.started_at < other.created_at,
        "waited-for-nothing",
        expected=f"{v.front} was up before Vagrant made {v.back}.",
        observed=f"When {v.front} was started, {v.back} was there already.",
        look=f"docker inspect -f '{{{{.State.StartedAt}}}} {{{{.Created}}}} {{{{.Name}}}}' "
        f"{front} {back}",
    )
    program = await runs(see, v, one)
    require(
        v.word not in program,
        "knew-it",
        expected=f"{v.front} has the page from {v.back} alone.",
        observed="The word stands in its own command.",
        look=f"docker inspect -f '{{{{json .Config.Cmd}}}}' {front}",
    )
    require(
        f"{v.net}.12" in program,
        "asked-elsewhere",
        expected=f"The program of {v.front} asks {v.net}.12.",
        observed="That address is not in it.",
        look=f"docker inspect -f '{{{{json .Config.Cmd}}}}' {front}",
    )
    await require_vagrantfile(see, v.folder, v.front, v.back)


def back(v: Values, word: str = "") -> str:
    page = f"echo {word or v.word} > /www/index.html"
    return f"""config.vm.define "{v.back}" do |machine|
  machine.vm.network "private_network", ip: "{v.net}.12", netmask: 24
  machine.vm.provider "docker" do |docker|
    docker.cmd = ["sh", "-c", "mkdir /www; {page}; httpd -f -h /www"]
  end
end
"""


def front(v: Values, fetch: str = "", to: str = "/www/index.html") -> str:
    page = f"wget -T 2 -qO {to} http://{v.net}.12/"
    does = fetch or "until GET; do sleep 1; done; httpd -f -h /www"
    return f"""config.vm.define "{v.front}" do |machine|
  machine.vm.network "private_network", ip: "{v.net}.11", netmask: 24
  machine.vm.provider "docker" do |docker|
    docker.cmd = ["sh", "-c", "mkdir /www; {does.replace("GET", page)}"]
  end
end
"""


ONCE = "GET; httpd -f -h /www"
# The cable is plugged in when the program runs already: asked at once, nobody would answer.
LATER = "sleep 3; GET; httpd -f -h /www"
FOREVER = "(while true; do GET && mv /new /www/index.html; sleep 1; done) & httpd -f -h /www"


ORDER = (
    "That a machine waits is seen when there is something to wait for. Destroy both, bring up the "
    "one that asks, and then the other one."
)


def both(*parts: str) -> str:
    return vagrantfile(PROVIDER + "".join(parts))


def one_by_one(v: Values) -> str:
    """The machine that waits, and when it is up the one for which it waits."""
    return f"{up(v, f' {v.front}')} && vagrant up {v.back}"


def in_script(v: Values) -> str:
    """The command that writes what the front machine does into a script beside the file."""
    return (
        f"cat > {v.home}/front.sh <<'END'\nmkdir /www\n"
        f"until wget -T 2 -qO /www/index.html http://{v.net}.12/; do sleep 1; done\n"
        "exec httpd -f -h /www\nEND"
    )


step.solution(
    "until there is an answer",
    lambda v: [f"{written(v, both(back(v), front(v)))}\n{one_by_one(v)}"],
)
step.solution(
    "again and again, in the order of the file",
    lambda v: [
        f"{written(v, both(front(v, FOREVER, '/new'), back(v)))}\n{up(v, ' --no-parallel')}",
    ],
)
step.solution(
    "the other one made anew",
    lambda v: [
        f"{written(v, both(back(v), front(v)))}\n{up(v, ' --no-parallel')}",
        f"cd {v.home} && vagrant destroy -f && {one_by_one(v)}",
    ],
    explained={1: ["waited-for-nothing"]},
)
step.solution(
    "a script in the folder",
    lambda v: [
        f"mkdir -p {v.home}\n{in_script(v)}",
        f"{written(v, both(back(v), front(v)))}\n"
        f'sed -i \'s|"mkdir /www; until.*"|"sh /vagrant/front.sh"|\' {v.home}/Vagrantfile\n'
        f"{one_by_one(v)}",
    ],
)
step.near_miss(
    "no network of their own",
    lambda v: [
        f"{written(v, both(back(v), front(v)))}\nsed -i /private_network/d {v.home}/Vagrantfile",
        one_by_one(v),
    ],
    rejected_by="cable",
    reason="other-address",
)
step.near_miss(
    "a bigger network",
    lambda v: [
        written(v, both(back(v), front(v)).replace("netmask: 24", "netmask: 16")),
        one_by_one(v),
    ],
    rejected_by="cable",
    reason="other-netmask",
)
step.near_miss(
    "another word",
    lambda v: [written(v, both(back(v, "silence"), front(v))), one_by_one(v)],
    rejected_by="cable",
    reason="out-of-reach",
)
step.near_miss(
    "asked once, and waiting for ever",
    lambda v: [
        written(v, both(back(v), front(v, ONCE)).replace("wget -T 2", "wget")),
        up(v, " --no-parallel"),
    ],
    rejected_by="through",
    reason="no-server",
)
step.near_miss(
    "asked once, before the other one was there",
    lambda v: [written(v, both(front(v, ONCE), back(v))), up(v, " --no-parallel")],
    rejected_by="through",
    reason="no-page",
)
step.near_miss(
    "asked once, the other one first",
    lambda v: [written(v, both(back(v), front(v, LATER))), up(v, " --no-parallel")],
    rejected_by="through",
    reason="waited-for-nothing",
    explain=ORDER,
)
step.near_miss(
    "asked once, and started again",
    lambda v: [
        f"{written(v, both(back(v), front(v, ONCE)))}\n{one_by_one(v)}",
        f"cd {v.home} && vagrant reload {v.front}",
    ],
    rejected_by="through",
    reason="waited-for-nothing",
    explain=ORDER,
)
step.near_miss(
    "a page of its own",
    lambda v: [
        written(v, both(back(v), front(v, f"echo {v.word} > /www/index.html; httpd -f -h /www"))),
        one_by_one(v),
    ],
    rejected_by="through",
    reason="knew-it",
)
step.near_miss(
    "a cable plugged in by hand",
    lambda v: [
        f"{written(v, both(back(v), front(v)))}\nsed -i /private_network/d {v.home}/Vagrantfile",
        one_by_one(v),
        f"docker network create --subnet {v.net}.0/24 cable",
        *(
            f"docker network connect --ip {v.net}.{last} cable "
            f"$(cat {v.home}/.vagrant/machines/{name}/docker/id)"
            for name, last in ((v.front, 11), (v.back, 12))
        ),
    ],
    rejected_by="cable",
    reason="said-nowhere",
)
step.near_miss(
    "over the network that Docker gives unasked",
    lambda v: [
        written(v, both(back(v), front(v)).replace(f"http://{v.net}.12", "http://172.17.0.3")),
        one_by_one(v),
    ],
    rejected_by="through",
    reason="asked-elsewhere",
)
step.near_miss(
    "through the folder that both see",
    lambda v: [
        written(
            v,
            both(
                back(v).replace(
                    "/www/index.html", "/vagrant/page; cp /vagrant/page /www/index.html"
                ),
                front(
                    v,
                    "until cp /vagrant/page /www/index.html; do sleep 1; done; httpd -f -h /www",
                ),
            ),
        ),
        one_by_one(v),
    ],
    rejected_by="through",
    reason="asked-elsewhere",
)
step.near_miss(
    "fetched by hand",
    lambda v: [
        written(v, both(back(v), front(v, "httpd -f -h /www"))),
        one_by_one(v),
        f"docker exec $(cat {v.home}/.vagrant/machines/{v.front}/docker/id) "
        f"wget -qO /www/index.html http://{v.net}.12/",
    ],
    rejected_by="through",
    reason="asked-elsewhere",
)
step.near_miss(
    "the file thrown away afterwards",
    lambda v: [
        f"{written(v, both(back(v), front(v)))}\n{one_by_one(v)}",
        f"rm {v.home}/Vagrantfile",
    ],
    rejected_by="cable",
    reason="no-file",
)
