"""Puppet: resources and facts, applied in the machine by the machine's own agent."""

from __future__ import annotations

from lab_engine.authoring import (
    ContainerFileProbe,
    Image,
    See,
    require,
    require_left_alone,
    require_placed,
    require_vagrant_machine,
)
from labs.vagrant_provision.said import require_after_notes, require_said
from labs.vagrant_provision.values import IMAGE, LOG, NOTES, Values, lab, made, project

step = lab.step(
    "puppet",
    daemons=("docker",),
    resources=lambda v: [Image(IMAGE), project(v, NOTES)],
    touches=lambda v: [f"file/{v.folder}*"],
)

STATE = "/var/cache/puppet"
"""Where Puppet keeps what it knows of the machine; it makes the folder when root first runs it."""


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
    text = await require_said(see, v)
    left = await see(ContainerFileProbe(made.thing, STATE))
    require(
        left.kind == "directory",
        "no-puppet",
        expected=f"Puppet has run in {made.thing}.",
        observed=f"It has not: it would have left {STATE} there.",
        look=f"docker exec {made.thing} find /var -maxdepth 2",
    )
    require_after_notes(text, v, "puppet")
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
    "Puppet looks first. If it is one, there was something to mend: run it once more.",
)
step.near_miss(
    "a command, and noted after it",
    lambda v: [
        manifest(v, commanded(v)),
        made(v, runs(v.colour), NOTES, then="vagrant provision"),
    ],
    rejected_by="declared",
    reason="before-the-notes",
    explain="Provisioners run in the order of the file. The one that notes the run was there "
    "before yours: add yours below it, and provision again.",
)
step.near_miss(
    "a script that looks first",
    lambda v: [
        made(
            v,
            NOTES,
            f'config.vm.provision "shell", inline: "test -e /etc/{v.conf}.conf || '
            f"{{ echo colour = {v.colour} > /etc/{v.conf}.conf; "
            f'chmod 640 /etc/{v.conf}.conf; }}"',
            then="vagrant provision",
        ),
    ],
    rejected_by="declared",
    reason="no-puppet",
    explain="Something else made the file. A script may look first, too, but then you have "
    "written the looking. Say what is to be in a manifest, and have the provisioner "
    "`puppet` apply it.",
)
