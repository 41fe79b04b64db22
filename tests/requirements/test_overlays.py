"""Statements about overlay mounts, and about what an image hides in its layers."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from lab_engine.authoring import See, require_buried, require_overlay, require_written_through
from tests.requirements.conftest import Stage

pytestmark = [pytest.mark.bench]

DESK = "/mnt/desk"
FRESH = (
    f"sudo mkdir -p {DESK} && sudo mount -t tmpfs -o uid=1000 desk {DESK} && cd {DESK} && "
    "mkdir low mid top up work view && mkdir low/etc && echo low > low/etc/a && "
    "printf 'one\\ntwo\\n' > low/etc/b && echo mid > mid/m && echo top > top/t"
)
STACK = "sudo mount -t overlay overlay -o"
OWN = "upperdir=up,workdir=work view"
THREE = f"{STACK} lowerdir=top:mid:low,{OWN}"


@pytest.fixture
async def desk(stage: Stage) -> AsyncIterator[Stage]:
    await stage.type(FRESH)
    yield stage
    await stage.type(
        f"for at in $(findmnt -rno TARGET | grep '^{DESK}' | tac); do sudo umount $at; done; "
        f"sudo rmdir {DESK}"
    )


async def stacked(see: See) -> None:
    await require_overlay(
        see, f"{DESK}/view", lower=[f"{DESK}/top", f"{DESK}/mid", f"{DESK}/low"], writable=True
    )


async def to_up(see: See) -> None:
    lower = [f"{DESK}/top", f"{DESK}/low"]
    await require_overlay(see, f"{DESK}/view", lower=lower, upper=f"{DESK}/up")


async def only_read(see: See) -> None:
    lower = [f"{DESK}/top", f"{DESK}/low"]
    await require_overlay(see, f"{DESK}/view", lower=lower, writable=False)


@pytest.mark.parametrize(
    ("statement", "script", "reason"),
    [
        (stacked, f"{THREE}", "pass"),
        (stacked, f"{STACK} lowerdir={DESK}/top/:{DESK}/./mid:{DESK}/low,upperdir={DESK}/up,"
         f"workdir={DESK}/work {DESK}/view", "pass"),
        (stacked, f"cd top; {STACK} lowerdir=.:../mid:../low,upperdir=../up,"
         "workdir=../work ../view", "pass"),
        (stacked, f"ln -s top first; {STACK} lowerdir=first:mid:low,{OWN}",
         "pass"),
        (stacked, f"{THREE}; "
         "echo more >> view/etc/b; rm view/m view/etc/a; mkdir view/new; mv view/t view/new",
         "pass"),
        (stacked, f"{THREE}; "
         "rm -r view/etc; mkdir view/etc; echo new > view/etc/c", "pass"),
        (stacked, "true", "not-mounted"),
        (stacked, "cp -a low/. mid/. top/. view/", "not-mounted"),
        (stacked, "sudo mount --bind top view", "no-overlay"),
        (stacked, f"{THREE}; "
         "sudo mount -t tmpfs none view", "no-overlay"),
        (stacked, f"{STACK} lowerdir=low:mid:top,{OWN}", "other-order"),
        (stacked, f"{STACK} lowerdir=top:low,{OWN}", "other-layers"),
        (stacked, f"mkdir more; {STACK} lowerdir=top:mid:low:more,{OWN}",
         "other-layers"),
        (stacked, f"cp -a top twin; {STACK} lowerdir=twin:mid:low,{OWN}",
         "other-layers"),
        (stacked, f"{STACK} lowerdir=mid:low,upperdir=top,workdir=work view", "layer-as-upper"),
        (stacked, f"{STACK} lowerdir=top:mid:low view", "read-only"),
        (stacked, f"{STACK} ro,lowerdir=top:mid:low,{OWN}", "read-only"),
        (stacked, f"{STACK} lowerdir={DESK}/top:{DESK}/mid:{DESK}/low,{OWN};"
         " mv top old; mkdir top", "moved"),
        (stacked, f"{THREE}; "
         "sudo mount -t tmpfs none view/etc", "moved"),
        (to_up, f"{STACK} lowerdir=top:low,{OWN}", "pass"),
        (to_up, f"mkdir other; {STACK} lowerdir=top:low,upperdir=other,workdir=work view",
         "other-upper"),
        (to_up, f"{STACK} lowerdir=top:low view", "other-upper"),
        (only_read, f"{STACK} lowerdir=top:low view", "pass"),
        (only_read, f"{STACK} ro,lowerdir=top:low,{OWN}", "pass"),
        (only_read, f"{STACK} lowerdir=top:low,{OWN}", "writable"),
    ],
)  # fmt: skip
async def test_stacks(desk: Stage, statement: object, script: str, reason: str) -> None:
    await desk.type(f"cd {DESK}; {script}")
    assert await desk.reason(statement) == reason  # type: ignore[arg-type]


async def line(see: See) -> None:
    await require_written_through(see, f"{DESK}/view", adds={"/etc/b": "three"})


async def gone(see: See) -> None:
    await require_written_through(see, f"{DESK}/view", lacks=["/etc/a"])


async def made(see: See) -> None:
    await require_written_through(see, f"{DESK}/view", says={"/note": "hello"})


MOUNTED = f"{STACK} lowerdir=mid:low,{OWN}"


@pytest.mark.parametrize(
    ("statement", "script", "reason"),
    [
        (line, f"{MOUNTED}; echo three >> view/etc/b", "pass"),
        (line, f"{MOUNTED}; sed -i '1i three' view/etc/b", "pass"),
        (line, f"mkdir up/etc; (cat low/etc/b; echo three) > up/etc/b; {MOUNTED}", "pass"),
        (line, "echo three >> low/etc/b", "not-mounted"),
        (line, "sudo mount --bind low view; echo three >> view/etc/b", "no-overlay"),
        (line, MOUNTED, "not-in-upper"),
        (line, f"echo three >> low/etc/b; {MOUNTED}", "not-in-upper"),
        (line, f"{MOUNTED}; touch view/etc/b", "not-added"),
        (line, f"{MOUNTED}; echo three > view/etc/b", "old-text-lost"),
        (line, f"{MOUNTED}; echo four >> view/etc/b", "not-added"),
        (line, f"{MOUNTED}; rm view/etc/b; ln -s /etc/passwd view/etc/b", "not-in-upper"),
        (line, f"rm low/etc/b; {MOUNTED}; echo three >> view/etc/b", "never-there"),
        (gone, f"{MOUNTED}; rm view/etc/a", "pass"),
        (gone, f"{MOUNTED}; rm -r view/etc", "pass"),
        (gone, f"{MOUNTED}; rm -r view/etc; mkdir view/etc", "pass"),
        (gone, f"mkdir up/etc; sudo mknod up/etc/a c 0 0; {MOUNTED}", "pass"),
        (gone, MOUNTED, "still-there"),
        (gone, f"{MOUNTED}; echo > view/etc/a", "still-there"),
        (gone, f"{MOUNTED}; mv view/etc/a view/a; ln -s ../a view/etc/a", "still-there"),
        (gone, f"rm low/etc/a; {MOUNTED}", "never-there"),
        (made, f"{MOUNTED}; echo hello > view/note", "pass"),
        (made, f"echo hello > low/note; {MOUNTED}", "not-in-upper"),
        (made, f"{MOUNTED}; echo bye > view/note", "other-text"),
        (made, f"{MOUNTED}; mkfifo view/note", "not-in-upper"),
        (made, f"{MOUNTED}; mkdir view/note", "not-in-upper"),
    ],
)  # fmt: skip
async def test_written_through(desk: Stage, statement: object, script: str, reason: str) -> None:
    await desk.type(f"cd {DESK}; {script}")
    assert await desk.reason(statement) == reason  # type: ignore[arg-type]


async def buried(see: See) -> None:
    key = await require_buried(see, "shop:1", "/etc/key")
    assert key.content.strip() == "secret"


def build(*lines: str) -> str:
    return "printf '%s\\n' 'FROM busybox' {} | docker build -qt shop:1 -".format(
        " ".join(f"'{one}'" for one in lines)
    )


PUT = "RUN echo secret > /etc/key"


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        (build(PUT, "RUN rm /etc/key"), "pass"),
        (build(PUT, "RUN mv /etc/key /away"), "pass"),
        (build(PUT, "RUN rm /etc/key", "RUN touch /x"), "pass"),
        (build(PUT, "RUN rm /etc/key") + "; docker save shop:1 -o i.tar; "
         "docker rmi shop:1; docker load -i i.tar", "pass"),
        (build(PUT), "in-sight"),
        (build(PUT, "RUN ln -sf hostname /etc/key"), "in-sight"),
        (build(PUT + " && rm /etc/key"), "in-no-layer"),
        ("docker tag busybox shop:1", "in-no-layer"),
        (build(PUT, "RUN rm /etc/key").replace("shop:1", "shop:2"), "no-image"),
        ("true", "no-image"),
    ],
)  # fmt: skip
async def test_buried(stage: Stage, script: str, reason: str) -> None:
    try:
        await stage.type(script)
        assert await stage.reason(buried) == reason
    finally:
        await stage.type("docker rmi -f shop:1 shop:2 2>/dev/null || true")
