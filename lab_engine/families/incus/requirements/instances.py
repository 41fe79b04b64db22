"""Statements about instances of Incus that a lab can require (client side)."""

from __future__ import annotations

from lab_engine.common import place
from lab_engine.common.evidence import See, require
from lab_engine.families.incus.probes import (
    IncusImagesProbe,
    IncusInstanceProbe,
    IncusInstanceReading,
    IncusInstancesProbe,
)
from lab_engine.families.incus.resources import DEFAULT
from lab_engine.families.netlink.probes.reach import HttpProbe
from lab_engine.families.netlink.probes.sockets import SocketsProbe

LIST = "incus list --all-projects"


def _of(project: str) -> str:
    return "" if project == DEFAULT else f" --project {project}"


async def require_instance(
    see: See,
    name: str,
    *,
    project: str = DEFAULT,
    image: str = "",
    running: bool = True,
    memory: int | None = None,
    address: str = "",
) -> IncusInstanceReading:
    """There is an instance of exactly this name in this project, as described. One round trip.

        await require_instance(see, "web1", project="bank", image="web", memory=64 << 20)

    Reasons, in this order: `absent` (a container of Docker is none), `other-project` (there is one,
    elsewhere), `other-image`, `not-running`, `no-limit`, `other-limit`, `other-address`.

    Args:
        see: the check's way to ask.
        name: its name in full.
        project: where it must be.
        image: the alias of the image that it was made of, told by its fingerprint.
        running: whether it must run.
        memory: the limit in bytes of its control group, exactly; None for any or none.
        address: one that it has; empty for any.
    """
    every, images = await see(IncusInstancesProbe(), IncusImagesProbe())
    found = next((one for one in every.named(name) if one.project == project), None)
    elsewhere = sorted(one.project for one in every.named(name))
    where = "" if project == DEFAULT else f" in the project {project}"
    require(
        found or not elsewhere,
        "other-project",
        expected=f"There is an instance called {name} in the project {project}.",
        observed=f"There is one in {', '.join(elsewhere)}.",
        look=LIST,
    )
    require(
        found,
        "absent",
        expected=f"There is an instance called {name}{where}.",
        observed="There is none.",
        look=LIST,
    )
    assert found is not None
    require(
        not image or found.image == images.images.get(image),
        "other-image",
        expected=f"{name} is made of the image {image}.",
        observed="It is made of another one.",
        look=f"incus config show --expanded {name}{_of(project)}; incus image list",
    )
    size = found.config.get("limits.memory", "")
    require(
        found.running or not running,
        "not-running",
        expected=f"{name} runs.",
        # What is made too small does not run, and the status alone would not say why.
        observed=f"It is {found.status}{f', with limits.memory={size}' if size else ''}.",
        look=LIST,
    )
    if memory is not None:
        _limited(found, memory, project)
    require(
        not address or address in found.addresses,
        "other-address",
        expected=f"{name} is at {address}.",
        observed=f"It is at {', '.join(found.addresses)}."
        if found.addresses
        else "It has no address yet.",
        look=LIST,
    )
    return found


def _limited(found: IncusInstanceReading, memory: int, project: str) -> None:
    look = f"incus config show --expanded {found.name}{_of(project)}"
    require(
        found.memory is not None,
        "no-limit",
        expected=f"{found.name} may hold {memory >> 20} MiB of memory.",
        observed="It has no limit, or one that is not enforced.",
        look=look,
    )
    require(
        found.memory == memory,
        "other-limit",
        expected=f"{found.name} may hold {memory >> 20} MiB, which is {memory} bytes.",
        observed=f"Its limit is {found.memory} bytes.",
        look=look,
    )


async def require_instance_gone(see: See, name: str, *, project: str = DEFAULT) -> None:
    """An instance that was there when the step began is there no more. One round trip.

        await require_instance_gone(see, "work3")

    Reasons: `never-there`, `only-stopped`, `still-there`, `elsewhere` (renamed, or in another
    project).
    """
    probe = IncusInstanceProbe(name, project)
    before = await see.before(probe)
    now, every = await see(probe, IncusInstancesProbe())
    require(
        before.exists,
        "never-there",
        expected=f"{name} was there when the step began.",
        observed="It was not.",
        look=LIST,
    )
    require(
        not now.exists or now.running,
        "only-stopped",
        expected=f"{name} is given back.",
        observed=f"It is {now.status}, and still has its disk.",
        look=LIST,
    )
    require(
        not now.exists,
        "still-there",
        expected=f"{name} is given back.",
        observed="It runs.",
        look=LIST,
    )
    kept = [one for one in every.instances if one.uuid and one.uuid == before.uuid]
    require(
        not kept,
        "elsewhere",
        expected=f"{name} is given back.",
        observed="It is still there, as "
        + ", ".join(f"{one.name} in the project {one.project}" for one in kept)
        + ".",
        look=LIST,
    )


async def require_untouched_instance(
    see: See, name: str, *, project: str = DEFAULT
) -> IncusInstanceReading:
    """The instance is the one of the step's start, and was not started since. One round trip.

        await require_untouched_instance(see, "work1")

    Reasons: `absent`, `replaced`, `not-running`, `restarted`.
    """
    probe = IncusInstanceProbe(name, project)
    before = await see.before(probe)
    now = await see(probe)
    require(
        now.exists,
        "absent",
        expected=f"{name} is still there.",
        observed="It is gone.",
        look=LIST,
    )
    require(
        now.uuid == before.uuid,
        "replaced",
        expected=f"{name} is the instance from the beginning.",
        observed="It is another one of the same name.",
        look=f"incus config get {name} volatile.uuid{_of(project)}",
    )
    require(
        now.running or not before.running,
        "not-running",
        expected=f"{name} runs, as it did.",
        observed=f"It is {now.status}.",
        look=LIST,
    )
    require(
        now.started_at == before.started_at,
        "restarted",
        expected=f"{name} was not started again.",
        observed="It was started since the step began.",
        look=f"incus info {name}{_of(project)}",
    )
    return now


async def require_instance_serves(
    see: See, name: str, port: int, *, says: str, project: str = DEFAULT
) -> IncusInstanceReading:
    """A server of this instance itself waits at a TCP port, and the bench can read its page.

        await require_instance_serves(see, "web1", 80, says="web1", project="bank")

    The socket must be held by a process of the instance's control group; something else in its
    network namespace does not count. Two round trips.

    Reasons: `absent`, `not-running`, `no-address`, `no-server`, `served-by-another`, `no-page`,
    `other-page`.
    """
    found = await see(IncusInstanceProbe(name, project))
    require(
        found.exists,
        "absent",
        expected=f"There is an instance called {name} in the project {project}.",
        observed="There is none.",
        look=LIST,
    )
    require(
        found.running and found.pid,
        "not-running",
        expected=f"{name} runs.",
        observed=f"It is {found.status}.",
        look=LIST,
    )
    require(
        found.addresses,
        "no-address",
        expected=f"{name} has an address.",
        observed="It has none yet.",
        look=LIST,
    )
    address = found.addresses[0]
    url = f"http://{f'[{address}]' if ':' in address else address}:{port}/"
    sockets, page = await see(SocketsProbe(place.process(found.pid)), HttpProbe(url))
    look = f"incus exec {name}{_of(project)} -- netstat -tln"
    require(
        sockets.on(port),
        "no-server",
        expected=f"A server in {name} waits at port {port}.",
        observed="Nothing waits there.",
        look=look,
    )
    holders = {holder.pid for one in sockets.on(port) for holder in one.holders}
    require(
        holders & set(found.pids),
        "served-by-another",
        expected=f"The server at port {port} is a process of {name}.",
        observed=f"It is a process that does not belong to {name}.",
        look=look,
    )
    require(
        page.status == 200,
        "no-page",
        expected=f"{url} answers with {says!r}.",
        observed=page.problem or f"It answers with status {page.status}.",
        look=f"curl -s -m 2 {url} || true",
    )
    require(
        page.body.strip() == says,
        "other-page",
        expected=f"{url} says {says!r}.",
        observed=f"It says {page.body.strip()[:60]!r}.",
        look=f"curl -s -m 2 {url} || true",
    )
    return found
