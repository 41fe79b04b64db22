"""What the platform's lessons ask of a release that runs."""

from __future__ import annotations

from lab_engine.authoring import (
    ContainerSummary,
    DockerContainerProbe,
    DockerContainersProbe,
    FileProbe,
    See,
    require,
    require_served_by,
)
from labs import paas


async def processes(see: See, app: str, kind: str = "web") -> list[ContainerSummary]:
    """The platform's containers of an app and a type of process, running or not."""
    listed = await see(DockerContainersProbe())
    return [
        one
        for one in listed.containers
        if one.labels.get(paas.APP) == app and one.labels.get(paas.TYPE) == kind
    ]


async def require_release(see: See, app: str, *, says: str = "", least: int = 1) -> int:
    """One release of an app runs, as the platform noted it, and its own processes answer.

    Returns its number. Reasons: `not-deployed`, `several-releases`, `not-the-platforms`,
    `older-release`, and those of `require_served_by`.
    """
    found = await processes(see, app)
    look = f"{paas.HOME}/paas releases {app}; {paas.HOME}/paas ps {app}"
    require(
        found,
        "not-deployed",
        expected=f"The platform runs {app}.",
        observed="None of its containers belongs to that app.",
        look=look,
    )
    numbers = sorted({int(one.labels.get(paas.RELEASE, "0")) for one in found})
    require(
        len(numbers) == 1,
        "several-releases",
        expected=f"One release of {app} runs.",
        observed=f"There are containers of {', '.join(f'v{number}' for number in numbers)}.",
        look=look,
    )
    noted, *details = await see(
        FileProbe(f"{paas.HOME}/state/{app}/v{numbers[0]}/image"),
        *(DockerContainerProbe(one.name) for one in found),
    )
    require(
        noted.exists and all(one.image_id == noted.content.strip() for one in details),
        "not-the-platforms",
        expected=f"What runs is what the platform released as v{numbers[0]} of {app}.",
        observed="It is made of another image.",
        look=look,
    )
    require(
        numbers[0] >= least,
        "older-release",
        expected=f"A release of {app} from v{least} on runs.",
        observed=f"v{numbers[0]} does.",
        look=look,
    )
    for one in found:
        await require_served_by(see, one.name, paas.PORT, says=says)
    return numbers[0]
