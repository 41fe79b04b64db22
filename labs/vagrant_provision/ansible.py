"""Ansible: what a machine is to be like, brought about once, and then left alone."""

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
    "ansible",
    daemons=("docker",),
    resources=lambda v: [Image(IMAGE), project(v, NOTES)],
    touches=lambda v: [f"file/{v.folder}*"],
)

RUNS = """config.vm.provision "ansible" do |ansible|
  ansible.playbook = "play.yml"
  ansible.compatibility_mode = "2.0"
end"""


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
    await require_left_alone(see, made.thing, path, log=LOG)


step.solution(
    "copy with a content, run twice",
    lambda v: [
        f"{play(v, copied(v))}\n{made(v, NOTES, RUNS)}",
        f"cd {v.home} && vagrant provision",
    ],
)
step.solution(
    "two modules and a variable, run three times",
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
        + "\n"
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
    "as `copy` looks first. If yours is one, run it once more.",
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
