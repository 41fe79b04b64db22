"""Puppet: resources and facts, applied in the machine by the machine's own agent."""

from __future__ import annotations

from lab_engine.authoring import (
    Image,
    See,
    require_left_alone,
    require_placed,
    require_vagrant_machine,
)
from labs.vagrant_provision.values import IMAGE, LOG, NOTES, Values, lab, made, project

step = lab.step(
    "puppet",
    daemons=("docker",),
    resources=lambda v: [Image(IMAGE), project(v, NOTES)],
    touches=lambda v: [f"file/{v.folder}*"],
)


def runs(colour: str) -> str:
    return f"""config.vm.provision "puppet" do |puppet|
  puppet.facter = {{ "colour" => "{colour}" }}
end"""


def manifest(v: Values, text: str) -> str:
    folder = f"{v.home}/manifests"
    return f"mkdir -p {folder} && cat > {folder}/default.pp <<'END'\n{text}\nEND"


def declared(v: Values) -> str:
    return f"""file {{ "/etc/{v.conf}.conf":
  ensure  => file,
  content => "colour = ${{facts['colour']}}\\n",
  owner   => "root",
  mode    => "0640",
}}"""


def by_variable(v: Values) -> str:
    return f"""$colour = "{v.colour}"
file {{ "/etc/{v.conf}.conf":
  content => "colour = $colour",
  owner   => 0,
  mode    => "u=rw,g=r,o=",
}}"""


def commanded(v: Values) -> str:
    does = f"echo colour = {v.colour} > {v.conf}.conf; chmod 640 {v.conf}.conf"
    return f"""exec {{ "/bin/sh -c 'cd /etc; {does}'": }}"""


@step.check("declared", points=3, settle=1.0)
async def is_declared(see: See, v: Values) -> None:
    made = await require_vagrant_machine(see, v.folder, provider="docker", image=IMAGE)
    path = f"/etc/{v.conf}.conf"
    await require_placed(see, made.thing, path, says=f"colour = {v.colour}", uid=0, mode=0o640)
    await require_left_alone(see, made.thing, path, log=LOG)


step.solution(
    "with a fact",
    lambda v: [
        f"{manifest(v, declared(v))}\n{made(v, NOTES, runs(v.colour))}",
        f"cd {v.home} && vagrant provision",
    ],
)
step.solution(
    "a variable in the manifest, and another name for the file",
    lambda v: [
        f"{manifest(v, by_variable(v))}\nmv {v.home}/manifests/default.pp {v.home}/site.pp\n"
        + made(
            v,
            NOTES,
            'config.vm.provision :puppet do |puppet|\n  puppet.manifests_path = "."\n'
            '  puppet.manifest_file = "site.pp"\nend',
            then="vagrant reload --provision",
        ),
    ],
)
step.near_miss(
    "the fact forgotten",
    lambda v: [
        manifest(v, declared(v)),
        made(v, NOTES, 'config.vm.provision "puppet"', then="vagrant provision"),
    ],
    rejected_by="declared",
    reason="other-text",
)
step.near_miss(
    "a command",
    lambda v: [
        manifest(v, commanded(v)),
        made(v, NOTES, runs(v.colour), then="vagrant provision"),
    ],
    rejected_by="declared",
    reason="written-again",
    explain="An `exec` is run each time. Say what the file is to be, by a resource `file`, and "
    "Puppet looks first. If it is one, run it once more.",
)
