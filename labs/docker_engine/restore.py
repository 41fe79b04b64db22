"""The engine may go: its containers stay, if it was told so before."""

from __future__ import annotations

from lab_engine.authoring import (
    Container,
    Image,
    See,
    require_container,
    require_live_restore,
    require_outlived_engine,
)
from labs.docker_engine.values import Values, lab

BEAT = 'trap "exit 0" TERM; while :; do date +%T >> /tmp/beats; sleep 1 & wait $!; done'
SETTINGS = "/etc/docker/daemon.json"

step = lab.step(
    "restore",
    daemons=("docker",),
    resources=lambda v: [
        Image("busybox"),
        Container(v.beat, image="busybox", command=("sh", "-c", BEAT)),
    ],
)


@step.check("setting", points=1, settle=1.0)
async def setting(see: See, v: Values) -> None:
    await require_live_restore(see)


@step.check("restart", points=2, needs=("setting",), settle=3.0)
async def restart(see: See, v: Values) -> None:
    await require_outlived_engine(see, v.beat)
    await require_container(see, v.beat, image="busybox")


WRITTEN = f"""jq '.["live-restore"] = true' {SETTINGS} > new.json && sudo cp new.json {SETTINGS}"""
READ = "sudo kill -HUP $(pidof dockerd); sleep 0.3"
GONE = "timeout 30 sh -c 'while pidof dockerd > /dev/null; do sleep 0.1; done'"
AGAIN = "sudo /usr/lib/infralab/bin/start-docker"
KILLED = "sudo kill -9 $(pidof dockerd)"
ENDED = f"sudo kill $(pidof dockerd); {GONE}"

ANEW = (
    "This container was started again after the engine had come back: it has a new process, and "
    "what the old one held in its memory is lost."
)
step.solution(
    "read again, killed, started",
    lambda _: [WRITTEN, READ, KILLED, AGAIN],
    survives={1: "a dockerd that is killed gives nothing up, and the next one has read the file"},
)
step.solution(
    "asked to end",
    lambda _: [WRITTEN, READ, ENDED, AGAIN],
)
step.near_miss(
    "said, and never tried",
    lambda _: [WRITTEN, READ],
    rejected_by="restart",
    reason="same-engine",
)
step.near_miss(
    "written, and not read",
    lambda _: [WRITTEN],
    rejected_by="setting",
    reason="not-read",
    explain="The file is right, and the engine that runs has not read it since. The signal HUP "
    "makes it do so.",
)
step.near_miss(
    "a value in quotes",
    lambda _: [WRITTEN.replace("= true", '= "true"'), READ],
    rejected_by="setting",
    reason="other-value",
    explain="Quotes make a text of it, whatever stands in them. The engine wants the word `true` "
    "by itself.",
)
step.near_miss(
    "no JSON any more",
    lambda _: [f"""echo '{{"live-restore": true' | sudo tee {SETTINGS}""", READ],
    rejected_by="setting",
    reason="not-json",
)
step.near_miss(
    "written to the file that is read",
    lambda _: [
        f"""sudo sh -c "jq '.[\\"live-restore\\"] = true' {SETTINGS} > {SETTINGS}\"""",
        READ,
    ],
    rejected_by="setting",
    reason="empty",
    explain="The shell empties the file for what is to come, and only then jq begins to read it. "
    "Write to a second file, and carry it over.",
)
step.near_miss(
    "told to end before it had read the file",
    lambda _: [WRITTEN, ENDED, AGAIN],
    rejected_by="restart",
    reason="not-running",
)
step.near_miss(
    "a policy in its place",
    lambda v: [f"docker update --restart always {v.beat}", KILLED, AGAIN],
    rejected_by="setting",
    reason="not-written",
)
step.near_miss(
    "a policy, and the setting afterwards",
    lambda v: [
        f"docker update --restart always {v.beat}",
        KILLED,
        AGAIN,
        WRITTEN,
        READ,
    ],
    rejected_by="restart",
    reason="younger",
    explain=ANEW,
)
step.near_miss(
    "started by hand afterwards",
    lambda v: [
        WRITTEN,
        ENDED,
        AGAIN,
        f"docker start {v.beat}",
    ],
    rejected_by="restart",
    reason="younger",
    explain=ANEW,
)
step.near_miss(
    "killed, and left so",
    lambda _: [WRITTEN, READ, KILLED],
    rejected_by="setting",
    reason="no-engine",
)
