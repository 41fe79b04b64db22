"""Back to an old release, by a new one."""

from __future__ import annotations

from lab_engine.authoring import (
    DockerContainerProbe,
    FileProbe,
    HttpProbe,
    See,
    container,
    require,
    require_committed,
    require_pushed,
    require_served_by,
)
from labs import paas
from labs.paas.released import processes, require_release
from labs.procfile_and_dynos.config import push, setting
from labs.procfile_and_dynos.values import WEB, Values, begin, lab, touched

step = lab.step(
    "rollback",
    daemons=("docker",),
    resources=lambda v: begin(v, procfile=f"web: {WEB}\n"),
    touches=touched,
)


@step.check("back", points=3)
async def back(see: See, v: Values) -> None:
    state = f"{paas.HOME}/state/{v.app}"
    look = f"{paas.HOME}/paas releases {v.app}"
    number = await require_release(see, v.app)
    second, third = await see(FileProbe(f"{state}/v2/image"), FileProbe(f"{state}/v3/image"))
    require(
        third.exists and third.content != second.content,
        "no-third",
        expected="The third release has another image than the second one.",
        observed="It has the same." if third.exists else "There is no third release yet.",
        look=look,
    )
    await require_pushed(see, v.work, v.repository)
    require(
        number > 3,
        "not-newer",
        expected="Going back makes a new release, with a number after v3.",
        observed=f"v{number} runs.",
        look=look,
    )
    (web, *_) = await processes(see, v.app)
    one, page = await see(
        DockerContainerProbe(web.name),
        HttpProbe(f"http://127.0.0.1:{paas.PORT}/", container(web.name)),
    )
    require(
        page.status != 500,
        "still-broken",
        expected="What runs has no longer the fault of v3.",
        observed="It answers with status 500.",
        look=f"curl -si $({paas.HOME}/paas url {v.app})/; {look}",
    )
    require(
        one.image_id == second.content.strip(),
        "other-image",
        expected="What runs has the image of v2.",
        observed="It has another one.",
        look=f"{look}; cat {state}/v*/image",
    )
    require(
        one.environment.get("GREETING") == v.hello,
        "other-setting",
        expected=f"What runs has the setting of v2: GREETING is {v.hello!r}.",
        observed=f"It is {one.environment.get('GREETING', 'not set')!r}.",
        look=f"{paas.HOME}/paas config {v.app}",
    )
    source = await require_committed(see, v.work, files={"app.sh": ""}, clean=False)
    require(
        "500 Oh no" in source.files["app.sh"].content,
        "other-change",
        expected="The change that v3 brought lets app.sh answer 500.",
        observed="In the last commit it does not.",
        look=f"git -C {v.work} show HEAD:app.sh",
    )
    await require_served_by(see, web.name, paas.PORT, says=f"{v.hello} from {web.name}")


def broken(v: Values) -> str:
    return "sed -i 's/200 OK/500 Oh no/' app.sh && git commit -am 'oh no' && git push platform main"


def rollback(v: Values, to: str = "v2") -> str:
    return f"{paas.HOME}/paas rollback {v.app} {to}"


step.solution("as shown", lambda v: [push(v), setting(v), broken(v), rollback(v)])
step.solution(
    "further back first",
    lambda v: [push(v), setting(v), broken(v), rollback(v, "v1"), rollback(v)],
    survives={3: "The last way back is the one that counts."},
)
step.near_miss(
    "the source taken back",
    lambda v: [
        push(v),
        setting(v),
        broken(v),
        "git revert --no-edit HEAD && git push platform main",
    ],
    rejected_by="back",
    reason="other-image",
    explain="This is a new image, built of the old source. It is a good way too, if there is time "
    "to build. The task asks for the image that has run before.",
)
step.near_miss(
    "back, and pushed again",
    lambda v: [
        push(v),
        setting(v),
        broken(v),
        rollback(v),
        "git commit --allow-empty -m again && git push platform main",
    ],
    rejected_by="back",
    reason="still-broken",
)
step.near_miss(
    "back to the broken one",
    lambda v: [push(v), setting(v), broken(v), rollback(v, "v3")],
    rejected_by="back",
    reason="still-broken",
)
step.near_miss(
    "a change that breaks nothing",
    lambda v: [
        push(v),
        setting(v),
        "echo '# new' >> app.sh && git commit -am 'a note' && git push platform main",
        rollback(v),
    ],
    rejected_by="back",
    reason="other-change",
)
step.near_miss(
    "one too far",
    lambda v: [push(v), setting(v), broken(v), rollback(v, "v1")],
    rejected_by="back",
    reason="other-setting",
)
step.near_miss(
    "left broken",
    lambda v: [push(v), setting(v), broken(v)],
    rejected_by="back",
    reason="not-newer",
)
