"""Resource pooling: two tenants on one machine, who do not see each other."""

from __future__ import annotations

from lab_engine.authoring import (
    See,
    require_all,
    require_instance,
    require_instance_serves,
    require_project,
)
from labs.a_cloud_of_your_own.values import IMAGE, Values, lab

step = lab.step("tenants", daemons=("incus",), resources=lambda _: [IMAGE])


@step.check("rooms")
async def rooms(see: See, v: Values) -> None:
    for project in (v.first, v.second):
        await require_project(see, project, shares=("images", "profiles"))


@step.check("same", points=2, settle=4.0)
async def same(see: See, v: Values) -> None:
    for project in (v.first, v.second):
        await require_instance(see, v.page, project=project, image="web")
    await require_all(
        *(
            require_instance_serves(see, v.page, 80, says=v.page, project=project)
            for project in (v.first, v.second)
        )
    )


def project(name: str) -> str:
    return f"incus project create {name} -c features.images=false -c features.profiles=false"


def launch(v: Values, where: str) -> str:
    return f"incus launch web {v.page} --project {where}"


step.solution(
    "one after the other",
    lambda v: [
        project(v.first),
        project(v.second),
        launch(v, v.first),
        launch(v, v.second),
    ],
)
step.solution(
    "by switching between the rooms",
    lambda v: [
        *(
            line
            for name in (v.first, v.second)
            for line in (
                project(name),
                f"incus project switch {name}",
                f"incus init web {v.page}",
                f"incus start {v.page}",
            )
        ),
        "incus project switch default",
    ],
    survives={8: "where the owner stands afterwards is nobody's business"},
    explained={3: ["not-running"], 7: ["not-running"]},
)
step.near_miss(
    "both in one room",
    lambda v: [
        project(v.first),
        project(v.second),
        launch(v, v.first),
        f"incus launch web {v.page}-2 --project {v.first}",
    ],
    rejected_by="same",
    reason="other-project",
)
step.near_miss(
    "in the owner's room",
    lambda v: [
        project(v.first),
        project(v.second),
        f"incus launch web {v.page}",
    ],
    rejected_by="same",
    reason="other-project",
)
step.near_miss(
    "the second one never started",
    lambda v: [
        project(v.first),
        project(v.second),
        launch(v, v.first),
        f"incus init web {v.page} --project {v.second}",
    ],
    rejected_by="same",
    reason="not-running",
    explain="`incus init` makes a machine and leaves it off. `incus start` switches it on.",
)
step.near_miss(
    "one room for two",
    lambda v: [project(v.first), launch(v, v.first)],
    rejected_by="rooms",
    reason="no-project",
)
OWN = (
    "A feature that is not set to false is the room's own, and begins empty: without "
    "`features.images=false`, `incus launch web` finds no image there. `incus project set NAME "
    "features.images=false features.profiles=false` mends it while the room is empty."
)
step.near_miss(
    "rooms with everything of their own",
    lambda v: [f"incus project create {name}" for name in (v.first, v.second)],
    rejected_by="rooms",
    reason="own-features",
    explain=OWN,
)
step.near_miss(
    "only the images are shared",
    lambda v: [
        f"incus project create {name} -c features.images=false" for name in (v.first, v.second)
    ],
    rejected_by="rooms",
    reason="own-features",
    explain=OWN,
)
step.near_miss(
    "numbered rooms",
    lambda v: [project(f"{v.first}1"), project(f"{v.second}1")],
    rejected_by="rooms",
    reason="no-project",
)
step.near_miss(
    "another name in the second room",
    lambda v: [
        project(v.first),
        project(v.second),
        launch(v, v.first),
        f"incus launch web {v.page}b --project {v.second}",
    ],
    rejected_by="same",
    reason="other-project",
)
