"""Two machines of one file, each with a name of its own."""

from __future__ import annotations

from lab_engine.authoring import Image, See, require_served_by, require_vagrantfile
from labs.vagrant_together.machines import require_busybox
from labs.vagrant_together.values import PROVIDER, Values, indented, lab, up, vagrantfile, written

step = lab.step(
    "two",
    daemons=("docker",),
    resources=lambda _: [Image("busybox")],
    touches=lambda _: [],
)


async def shows_its_name(see: See, v: Values, name: str) -> None:
    made = await require_busybox(see, v, name)
    await require_served_by(see, made.thing, 80, says=name)
    await require_vagrantfile(see, v.folder, name)


@step.check("first", points=1, settle=2.0)
async def first(see: See, v: Values) -> None:
    await shows_its_name(see, v, v.front)


@step.check("second", points=2, settle=2.0)
async def second(see: See, v: Values) -> None:
    await shows_its_name(see, v, v.back)


BODY = """config.vm.define name do |machine|
  machine.vm.provider "docker" do |docker|
    docker.cmd = ["sh", "-c", "mkdir /www; echo #{name} > /www/index.html; httpd -f -h /www"]
  end
end
"""


def looped(v: Values, head: str = "") -> str:
    """A file that goes through the names."""
    begins = head or f'["{v.front}", "{v.back}"].each do |name|'
    return vagrantfile(f"{PROVIDER}{begins}\n{indented(BODY)}end\n")


def blocks(v: Values) -> str:
    both = "".join(
        BODY.replace("#{name}", name).replace("define name", f'define "{name}"')
        for name in (v.front, v.back)
    )
    return vagrantfile(PROVIDER + both)


step.solution(
    "a loop, both at once",
    lambda v: [written(v, looped(v)), up(v)],
)
step.solution(
    "two blocks, one after the other",
    lambda v: [
        f"{written(v, blocks(v))}\n{up(v, f' {v.back}')}",
        f"cd {v.home} && vagrant up {v.front}",
    ],
)
step.near_miss(
    "a loop that keeps one name",
    lambda v: [
        written(v, looped(v, f'for name in ["{v.front}", "{v.back}"]')),
        up(v, f" {v.front}"),
    ],
    rejected_by="first",
    reason="other-page",
)
step.near_miss(
    "one of the two",
    lambda v: [written(v, looped(v)), up(v, f" {v.front}")],
    rejected_by="second",
    reason="not-up",
)
step.near_miss(
    "a container beside the file",
    lambda v: [
        written(v, looped(v)),
        up(v, f" {v.back}"),
        f"docker run -d --name {v.front} busybox sh -c 'mkdir /www; "
        f"echo {v.front} > /www/index.html; httpd -f -h /www'",
    ],
    rejected_by="first",
    reason="not-up",
)
step.near_miss(
    "both pages alike",
    lambda v: [written(v, looped(v).replace("#{name}", v.front)), up(v)],
    rejected_by="second",
    reason="other-page",
)
step.near_miss(
    "another name in the file afterwards",
    lambda v: [
        f"{written(v, looped(v))}\n{up(v)}",
        f"sed -i s/{v.back}/tower/ {v.home}/Vagrantfile",
    ],
    rejected_by="second",
    reason="said-nowhere",
)
