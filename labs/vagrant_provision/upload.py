"""A file goes where the login may write, and from there where it belongs."""

from __future__ import annotations

from lab_engine.authoring import (
    ContainerPathsProbe,
    Image,
    See,
    require,
    require_placed,
    require_vagrant_machine,
)
from labs.vagrant_provision.said import require_said
from labs.vagrant_provision.values import IMAGE, Values, lab, made, project, up, written

step = lab.step(
    "upload",
    daemons=("docker",),
    resources=lambda v: [
        Image(IMAGE),
        project(v, files={f"{v.conf}.conf": f"colour = {v.colour}\n"}),
    ],
    touches=lambda v: [f"file/{v.folder}*"],
)


@step.check("installed", points=3, settle=1.0)
async def installed(see: See, v: Values) -> None:
    made = await require_vagrant_machine(see, v.folder, provider="docker", image=IMAGE)
    path = f"/etc/{v.conf}.conf"
    layers = await see(ContainerPathsProbe(made.thing, (path,)))
    itself = layers.paths[path].now if path in layers.paths else None
    require(
        itself is None or itself.kind != "link",
        "only-a-link",
        expected=f"In {made.thing}, {path} is a file of its own.",
        observed=f"It is a link to {itself.content}." if itself else "It is not there.",
        look=f"docker exec {made.thing} ls -ld {path}",
    )
    file = await require_placed(
        see,
        made.thing,
        path,
        says=f"colour = {v.colour}",
        uid=0,
        mode=0o640,
    )
    require(
        file.gid == 0,
        "other-group",
        expected=f"In {made.thing}, {path} belongs to the group with the number 0.",
        observed=f"It belongs to the group {file.gid}.",
        look=f"docker exec {made.thing} ls -ld {path}",
    )
    await require_said(see, v)


def uploaded(v: Values, then: str, to: str = "/tmp") -> str:  # noqa: S108 - in the machine
    return (
        f'config.vm.provision "file", source: "{v.conf}.conf", destination: "{to}/{v.conf}.conf"\n'
        f'config.vm.provision "shell", inline: "{then}"'
    )


def install(v: Values) -> str:
    return f"install -o root -g root -m 640 /tmp/{v.conf}.conf /etc/{v.conf}.conf"


step.solution("upload and install", lambda v: [made(v, uploaded(v, install(v)))])
step.solution(
    "to the login's home, moved, and given away",
    lambda v: [
        made(
            v,
            uploaded(
                v,
                f"cd /etc && mv /home/vagrant/{v.conf}.conf . && chown 0:0 {v.conf}.conf "
                f"&& chmod u=rw,g=r,o= {v.conf}.conf",
                "/home/vagrant",
            ),
        ),
    ],
)
step.solution(
    "a script that has the text in it, after a first try",
    lambda v: [
        made(v, uploaded(v, f"mv /tmp/{v.conf}.conf /etc/")),
        written(
            v,
            f"""config.vm.provision "shell", inline: <<-SCRIPT
  echo colour = {v.colour} > /root/new
  install -o root -g root -m 640 /root/new /etc/{v.conf}.conf
SCRIPT""",
        )
        + f"\ncd {v.home} && vagrant provision",
    ],
    explained={1: ["other-owner"]},
)
step.near_miss(
    "straight to its place",
    lambda v: [made(v, uploaded(v, "true", "/etc")) + " || true"],
    rejected_by="installed",
    reason="not-there",
)
step.near_miss(
    "moved, and still the login's",
    lambda v: [
        made(v, uploaded(v, f"mv /tmp/{v.conf}.conf /etc/; chmod 640 /etc/{v.conf}.conf")),
    ],
    rejected_by="installed",
    reason="other-owner",
    explain="The file belongs to the user who uploads. `mv` leaves it so, and so does `cp` onto a "
    "file that is there. `install -o root -g root` makes it root's, or `chown root:root`.",
)
step.near_miss(
    "given to root, and not to its group",
    lambda v: [
        made(
            v,
            uploaded(
                v,
                f"mv /tmp/{v.conf}.conf /etc/; chown root /etc/{v.conf}.conf; "
                f"chmod 640 /etc/{v.conf}.conf",
            ),
        ),
    ],
    rejected_by="installed",
    reason="other-group",
    explain="`chown root` leaves the group as it was, so whoever is in it may still read the "
    "file. `chown root:root` says both, as `install -o root -g root` does.",
)
step.near_miss(
    "a link to the project",
    lambda v: [
        made(
            v,
            f'config.vm.provision "shell", inline: "ln -s /vagrant/{v.conf}.conf '
            f'/etc/{v.conf}.conf"',
        ),
    ],
    rejected_by="installed",
    reason="only-a-link",
    explain="A link only says where the file lies. Its owner and its permissions are those of the "
    "file that it leads to, and without that one there is nothing. Remove it, and bring the file "
    "itself.",
)
step.near_miss(
    "by hand, with an untouched Vagrantfile",
    lambda v: [
        up(v),
        f"cd {v.home} && vagrant upload {v.conf}.conf /tmp/{v.conf}.conf "
        f"&& vagrant ssh -c 'sudo {install(v)}'",
    ],
    rejected_by="installed",
    reason="said-nowhere",
    explain="The machine has the file, but the next one that is made from this Vagrantfile has "
    "not. Write provisioners that bring it.",
)
step.near_miss(
    "copied, and all may read it",
    lambda v: [made(v, uploaded(v, f"install -m 644 /tmp/{v.conf}.conf /etc/"))],
    rejected_by="installed",
    reason="other-mode",
)
