"""A file goes where the login may write, and from there where it belongs."""

from __future__ import annotations

from lab_engine.authoring import Image, See, require_placed, require_vagrant_machine
from labs.vagrant_provision.values import IMAGE, Values, lab, made, project, written

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
    await require_placed(
        see,
        made.thing,
        f"/etc/{v.conf}.conf",
        says=f"colour = {v.colour}",
        uid=0,
        mode=0o640,
    )


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
    explain="`mv` leaves a file to whom it belonged, and that is the user who uploaded it. "
    "`install -o root` makes it root's, or `chown root`.",
)
step.near_miss(
    "copied, and all may read it",
    lambda v: [made(v, uploaded(v, f"install -m 644 /tmp/{v.conf}.conf /etc/"))],
    rejected_by="installed",
    reason="other-mode",
)
