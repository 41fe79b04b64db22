"""Scripts: once, at every start, and as whom."""

from __future__ import annotations

from lab_engine.authoring import (
    ContainerFileProbe,
    DockerContainerProbe,
    DockerEventsProbe,
    FileProbe,
    Image,
    See,
    require,
    require_placed,
    require_vagrant_machine,
)
from labs.vagrant_provision.said import provisioners, require_said
from labs.vagrant_provision.values import IMAGE, Values, lab, made, project

ONCE = "/var/log/made"
ALWAYS = "/var/log/started"
USER = 1000
"""The number of the user `vagrant` in the machine."""

step = lab.step(
    "shell",
    daemons=("docker",),
    resources=lambda v: [Image(IMAGE), project(v)],
    touches=lambda v: [f"file/{v.folder}*"],
)


@step.check("twice", points=3, settle=1.0)
async def twice(see: See, v: Values) -> None:
    made = await require_vagrant_machine(see, v.folder, provider="docker", image=IMAGE)
    its, once, always, told, file = await see(
        DockerContainerProbe(made.thing),
        ContainerFileProbe(made.thing, ONCE),
        ContainerFileProbe(made.thing, ALWAYS),
        DockerEventsProbe(made.thing),
        FileProbe(f"{v.folder}/Vagrantfile"),
    )
    starts = sum(one.action == "start" for one in told.happenings)
    counted = {path: len(one.text.splitlines()) for path, one in ((ONCE, once), (ALWAYS, always))}
    look = f"docker exec {made.thing} sh -c 'wc -l /var/log/*' || docker ps -a"
    require(
        starts >= 2,
        "one-start",
        expected="The machine was switched off and started again.",
        observed="It was started once.",
        look="docker ps -a",
    )
    require(
        counted[ONCE] == 1,
        "not-once",
        expected=f"{ONCE} in the machine has one line.",
        observed=f"It has {counted[ONCE]}.",
        look=look,
    )
    require(
        counted[ALWAYS],
        "not-noted",
        expected=f"In the machine, {ALWAYS} has a line for each start.",
        observed="It is empty." if always.exists else "There is no such file.",
        look=look,
    )
    require(
        counted[ALWAYS] != 1 or always.modified_at < its.started_at,
        "one-at-the-last",
        expected=f"{ALWAYS} in the machine has a line for each of {starts} starts.",
        observed="It has one, which was written after the last start.",
        look=f"docker exec {made.thing} cat {ALWAYS}; docker ps",
    )
    few = {
        "expected": f"{ALWAYS} in the machine has a line for each of {starts} starts.",
        "observed": f"It has {counted[ALWAYS]}.",
        "look": look,
    }
    said = any("always" in one for one in provisioners(file.content) if ALWAYS in one)
    require(counted[ALWAYS] >= 2 or not said, "none-since", **few)
    require(counted[ALWAYS] >= 2, "not-always", **few)
    require(
        "always" in await require_said(see, v),
        "not-at-the-next",
        expected="The Vagrantfile has a provisioner that runs at every start.",
        observed="It has none.",
        look=f"cat {v.folder}/Vagrantfile",
    )


@step.check("unprivileged", points=2, settle=1.0)
async def unprivileged(see: See, v: Values) -> None:
    made = await require_vagrant_machine(see, v.folder, provider="docker", image=IMAGE)
    await require_placed(see, made.thing, f"/home/vagrant/{v.note}", says=v.colour, uid=USER)
    text = await require_said(see, v)
    # A script may lie in a file of its own, and `file` uploads as the login's user, too.
    require(
        any(word in text for word in (v.note, "privileged", "path", "file")),
        "note-by-hand",
        expected=f"The Vagrantfile has a provisioner that writes /home/vagrant/{v.note}.",
        observed="None of those that it has does.",
        look=f"cat {v.folder}/Vagrantfile",
    )


def scripts(v: Values, *, log: str = ">>", always: str = ', run: "always"', user: str = "") -> str:
    who = user or ", privileged: false"
    return (
        f'config.vm.provision "shell", inline: "date {log} {ONCE}"\n'
        f'config.vm.provision "shell", inline: "date >> {ALWAYS}"{always}\n'
        f'config.vm.provision "shell"{who}, inline: "echo {v.colour} > /home/vagrant/{v.note}"'
    )


step.solution(
    "three lines, and a reload",
    lambda v: [made(v, scripts(v)), f"cd {v.home} && vagrant reload"],
)
step.solution(
    "blocks, a script in a file, halt and up",
    lambda v: [
        f"echo 'echo $1 > ~/{v.note}' > {v.home}/note.sh\n"
        + made(
            v,
            f"""config.vm.provision "shell" do |shell|
  shell.inline = "echo made >> {ONCE}"
end
config.vm.provision "log", type: "shell", run: "always" do |shell|
  shell.inline = <<-SCRIPT
    uptime >> {ALWAYS}
  SCRIPT
end
config.vm.provision :shell, path: "note.sh", args: ["{v.colour}"], privileged: false""",
            then="vagrant halt && vagrant up",
        ),
    ],
)
step.near_miss(
    "without always",
    lambda v: [made(v, scripts(v, always=""), then="vagrant reload")],
    rejected_by="twice",
    reason="not-always",
    explain='A provisioner runs when the machine is made, and not again. `run: "always"` is for '
    "the one that is to run at every start.",
)
step.near_miss(
    "started past Vagrant",
    lambda v: [made(v, scripts(v), then="docker restart $(docker ps -q)")],
    rejected_by="twice",
    reason="none-since",
    explain="Since this provisioner says `always`, Vagrant has not started the machine with it: "
    "`docker restart` goes past Vagrant, and `--no-provision` leaves it out. `vagrant reload` "
    "starts the machine once more.",
)
step.near_miss(
    "the second line asked for by its name",
    lambda v: [
        made(
            v,
            scripts(v, always="").replace(
                f'"shell", inline: "date >> {ALWAYS}"',
                f'"log", type: "shell", inline: "date >> {ALWAYS}"',
            ),
            then="vagrant reload && vagrant provision --provision-with log",
        ),
    ],
    rejected_by="twice",
    reason="not-at-the-next",
    explain="You had the second line written, but the next start will add none. "
    '`run: "always"` says that the provisioner is to run at every start.',
)
step.near_miss(
    "another file",
    lambda v: [made(v, scripts(v).replace(ALWAYS, "/var/log/start"), then="vagrant reload")],
    rejected_by="twice",
    reason="not-noted",
)
step.near_miss(
    "written anew at every start",
    lambda v: [made(v, scripts(v).replace(f">> {ALWAYS}", f"> {ALWAYS}"), then="vagrant reload")],
    rejected_by="twice",
    reason="one-at-the-last",
    explain="`>` begins a file anew, `>>` adds to it. A line that came into the Vagrantfile later "
    "has also run only once: then start the machine once more.",
)
step.near_miss(
    "both always",
    lambda v: [
        made(
            v,
            scripts(v).replace(f'{ONCE}"', f'{ONCE}", run: "always"'),
            then="vagrant reload",
        ),
    ],
    rejected_by="twice",
    reason="not-once",
)
step.near_miss(
    "provisioned by hand instead of started",
    lambda v: [made(v, scripts(v), then="vagrant provision")],
    rejected_by="twice",
    reason="one-start",
)
step.near_miss(
    "as root",
    lambda v: [made(v, scripts(v, user=", privileged: true"))],
    rejected_by="unprivileged",
    reason="other-owner",
    explain="A shell provisioner runs as root unless it says `privileged: false`, and what root "
    "writes is root's.",
)
step.near_miss(
    "another word",
    lambda v: [made(v, scripts(v).replace(f"echo {v.colour}", "echo colour"))],
    rejected_by="unprivileged",
    reason="other-text",
)
step.near_miss(
    "by hand, as the right user",
    lambda v: [
        made(v, "\n".join(scripts(v).splitlines()[:2]), then="vagrant reload"),
        f"cd {v.home} && vagrant ssh -c 'echo {v.colour} > {v.note}'",
    ],
    rejected_by="unprivileged",
    reason="note-by-hand",
    explain="The machine has the file, but the next one that is made from this Vagrantfile has "
    "not. Write a provisioner that makes it.",
)
