"""A setting changes: another release of the same image."""

from __future__ import annotations

from lab_engine.authoring import (
    DockerContainerProbe,
    FileProbe,
    GitCommitProbe,
    See,
    require,
    require_served_by,
)
from labs import paas
from labs.paas.released import processes, require_release
from labs.procfile_and_dynos.values import WEB, Values, begin, lab, touched

step = lab.step(
    "config",
    daemons=("docker",),
    resources=lambda v: begin(v, procfile=f"web: {WEB}\n"),
    touches=touched,
)


@step.check("greet", points=3)
async def greet(see: See, v: Values) -> None:
    source = await see.before(GitCommitProbe(v.work))
    await require_release(see, v.app)
    pushed = await see(GitCommitProbe(v.repository, "main"))
    require(
        pushed.id == source.id,
        "other-source",
        expected="The source is the one from the beginning.",
        observed="A new commit was pushed.",
        look=f"git -C {v.work} log --oneline",
    )
    (web, *_) = await processes(see, v.app)
    one = await see(DockerContainerProbe(web.name))
    require(
        one.environment.get("GREETING") == v.hello,
        "other-setting",
        expected=f"Its setting GREETING is {v.hello!r}.",
        observed=f"It is {one.environment.get('GREETING', 'not set')!r}.",
        look=f"{paas.HOME}/paas config {v.app}",
    )
    first = await see(FileProbe(f"{paas.HOME}/state/{v.app}/v1/image"))
    require(
        int(web.labels.get(paas.RELEASE, "0")) > 1,
        "first-release",
        expected="What runs is a later release than the first, made by the setting.",
        observed="It is the first.",
        look=f"{paas.HOME}/paas releases {v.app}",
    )
    require(
        one.image_id == first.content.strip(),
        "other-image",
        expected="Its image is that of the first release.",
        observed="It is another one.",
        look=f"{paas.HOME}/paas releases {v.app}; cat {paas.HOME}/state/{v.app}/v*/image",
    )
    await require_served_by(see, web.name, paas.PORT, says=f"{v.hello} from {web.name}")


def push(v: Values) -> str:
    return f"cd {v.app} && git push platform main"


def setting(v: Values, words: str = "") -> str:
    return f"{paas.HOME}/paas config {v.app} GREETING='{words or v.hello}'"


def edited(v: Values, change: str) -> list[str]:
    return [f"cd {v.app} && {change} && git commit -am 'greet' && git push platform main"]


step.solution("as shown", lambda v: [push(v), setting(v)])
step.solution(
    "at the second try",
    lambda v: [push(v), setting(v, "hi"), setting(v)],
    survives={1: "The last setting is the one that counts."},
)
step.near_miss(
    "in the source",
    lambda v: edited(v, f"sed -i 's/no greeting/{v.hello}/' app.sh"),
    rejected_by="greet",
    reason="other-source",
    explain="The words are in the source now. Another place to run it would need another version. "
    "What differs from place to place is a setting.",
)
step.near_miss(
    "in the Procfile",
    lambda v: edited(v, f"sed -i 's/exec/exec env GREETING=\"{v.hello}\"/' Procfile"),
    rejected_by="greet",
    reason="other-source",
    explain="The words are in the source now. Another place to run it would need another version. "
    "What differs from place to place is a setting.",
)
step.near_miss(
    "before the first push",
    lambda v: [setting(v), push(v)],
    rejected_by="greet",
    reason="first-release",
)
step.near_miss(
    "another word",
    lambda v: [push(v), setting(v, v.bye)],
    rejected_by="greet",
    reason="other-setting",
)
