"""Ansible: what a machine is to be like, brought about once, and then left alone."""

from __future__ import annotations

from lab_engine.authoring import (
    ContainerFileProbe,
    FileProbe,
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
    "ansible",
    daemons=("docker",),
    resources=lambda v: [Image(IMAGE), project(v, NOTES)],
    touches=lambda v: [f"file/{v.folder}*"],
)

RUNS = """config.vm.provision "ansible" do |ansible|
  ansible.playbook = "play.yml"
  ansible.compatibility_mode = "2.0"
end"""

MODULES = "/home/vagrant/.ansible"
"""Where Ansible brings its modules in the machine; the folder stays when they are gone again. With
pipelining there is none."""
INVENTORY = ".vagrant/provisioners/ansible/inventory/vagrant_ansible_inventory"
"""What Vagrant tells Ansible of the machine, unless the Vagrantfile names another inventory."""


def play(v: Values, task: str, *, rest: str = "") -> str:
    return f"""cat > {v.home}/play.yml <<'END'
- hosts: all
  become: true
  gather_facts: false
{rest}  tasks:
    - name: the configuration
{task}
END"""


def copied(v: Values) -> str:
    return f"""      ansible.builtin.copy:
        dest: /etc/{v.conf}.conf
        content: "colour = {v.colour}\\n"
        owner: root
        mode: "0640\""""


@step.check("same", points=3, settle=1.0)
async def same(see: See, v: Values) -> None:
    made = await require_vagrant_machine(see, v.folder, provider="docker", image=IMAGE)
    path = f"/etc/{v.conf}.conf"
    await require_placed(see, made.thing, path, says=f"colour = {v.colour}", uid=0, mode=0o640)
    text = await require_said(see, v)
    left, hosts = await see(
        ContainerFileProbe(made.thing, MODULES),
        FileProbe(f"{v.folder}/{INVENTORY}"),
    )
    require(
        left.kind == "directory" or hosts.exists,
        "no-ansible",
        expected=f"Ansible was in {made.thing}.",
        observed=f"It was not: it would have left {MODULES} there.",
        look=f"docker exec {made.thing} ls -a /home/vagrant",
    )
    require_after_notes(text, v, "ansible")
    await require_left_alone(see, made.thing, path, log=LOG)


step.solution(
    "copy with a content, run twice",
    lambda v: [
        f"{play(v, copied(v))}\n{made(v, NOTES, RUNS)}",
        f"cd {v.home} && vagrant provision",
    ],
)
step.solution(
    "two modules and a variable, with pipelining, run three times",
    lambda v: [
        play(
            v,
            f"""      lineinfile:
        path: /etc/{v.conf}.conf
        line: "colour = {{{{ colour }}}}"
        create: true
        mode: u=rw,g=r,o=
    - file: {{path: /etc/{v.conf}.conf, owner: root, group: root}}""",
        )
        + "\nexport ANSIBLE_PIPELINING=1\n"
        + made(
            v,
            NOTES,
            RUNS.replace("\nend", f'\n  ansible.extra_vars = {{ colour: "{v.colour}" }}\nend'),
            then="vagrant provision && vagrant provision --provision-with shell,ansible",
        ),
    ],
)
step.near_miss(
    "a command",
    lambda v: [
        play(
            v,
            f"      shell: echo 'colour = {v.colour}' > /etc/{v.conf}.conf; "
            f"chmod 640 /etc/{v.conf}.conf",
        ),
        made(v, NOTES, RUNS, then="vagrant provision"),
    ],
    rejected_by="same",
    reason="written-again",
    explain="A command is run again each time: Ansible cannot know what it is for. A module such "
    "as `copy` looks first. If yours does, there was something to mend: run it once more.",
)
step.near_miss(
    "a command, and noted after it",
    lambda v: [
        play(
            v,
            f"      shell: echo 'colour = {v.colour}' > /etc/{v.conf}.conf; "
            f"chmod 640 /etc/{v.conf}.conf",
        ),
        made(v, RUNS, NOTES, then="vagrant provision"),
    ],
    rejected_by="same",
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
    rejected_by="same",
    reason="no-ansible",
    explain="Something else made the file. A script may look first, too, but then you have "
    "written the looking. Say what is to be in a playbook, and have the provisioner "
    "`ansible` run it.",
)
step.near_miss(
    "by hand, with the Vagrantfile as it was",
    lambda v: [
        f"cd {v.home} && vagrant up && vagrant ssh -c 'echo colour = {v.colour} | "
        f"sudo tee /etc/{v.conf}.conf && sudo chmod 640 /etc/{v.conf}.conf'",
        f"cd {v.home} && vagrant provision",
    ],
    rejected_by="same",
    reason="said-nowhere",
    explain="The machine has the file, but the next one that is made from this Vagrantfile has "
    "not. Write the provisioner into it.",
)
step.near_miss(
    "with the permissions that a new file gets",
    lambda v: [
        play(v, "\n".join(copied(v).splitlines()[:3])),
        made(v, NOTES, RUNS, then="vagrant provision"),
    ],
    rejected_by="same",
    reason="other-mode",
)
