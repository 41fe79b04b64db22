"""Two mirrors of one image, each with a blob whose bytes are not what its name says."""

from __future__ import annotations

import hashlib
import re

from lab_engine.authoring import (
    Directory,
    DockerImageProbe,
    OciLayoutProbe,
    OciLayoutsProbe,
    See,
    require,
    require_file,
    require_image,
)
from labs.images.values import BLOBS, WORK, Values, digest, lab

LIARS = f"{WORK}/liars.txt"

step = lab.step(
    "liars",
    daemons=("docker",),
    resources=lambda v: [
        Directory(name, path=f"{WORK}/{name}", files=v.mirror(name)) for name in (v.torn, v.forged)
    ],
    touches=lambda v: [f"file/{WORK}/{name}*" for name in (v.torn, v.forged)],
)


@step.check("names", points=2)
async def names(see: See, v: Values) -> None:
    found = await require_file(see, LIARS)
    said = set(re.findall(r"\b[0-9a-f]{64}\b", found.content))
    liars = {digest(v.torn_blob), digest(v.config_blob)}
    look = f"cat {LIARS}"
    require(
        said,
        "no-names",
        expected=f"{LIARS} has the whole names of blobs, 64 digits each.",
        observed="It has none.",
        look=look,
    )
    bytes_of = {(v.torn, v.torn_blob), (v.forged, v.config_blob)}
    computed = {hashlib.sha256(v.mirror(of)[path].encode()).hexdigest() for of, path in bytes_of}
    require(
        not said & computed,
        "computed",
        expected="It has the names of the two blobs that lie.",
        observed=f"{min(said & computed)[:12]}... is the hash of one." if said & computed else "",
        look=look,
    )
    require(
        said <= liars,
        "honest",
        expected="It has the names of the two blobs that lie, and no others.",
        observed=f"{min(said - liars)[:12]}... is no such name." if said - liars else "",
        look=look,
    )
    require(
        said == liars,
        "one-only",
        expected="It has the names of two blobs.",
        observed="It has one.",
        look=look,
    )


@step.check("whole", points=3)
async def whole(see: See, v: Values) -> None:
    image = await see(DockerImageProbe(f"{v.cargo}:1"))
    if image.id != v.cargo_id:
        await require_blobs_left(see, v)
    await require_image(see, f"{v.cargo}:1", id=v.cargo_id, layers=2)


async def require_blobs_left(see: See, v: Values) -> None:
    """Each of the two blobs is still somewhere as it should be. Reason: `lost-blob`."""
    layouts = await see(OciLayoutsProbe())
    found = [await see(OciLayoutProbe(path)) for path in layouts.paths]
    for path in (v.torn_blob, v.config_blob):
        name = digest(path)
        require(
            any(one.blob(f"sha256:{name}") for one in found),
            "lost-blob",
            expected=f"One of the mirrors has the blob {name[:12]}... as its name says.",
            observed="Neither has it any more: the good one was overwritten, or removed.",
            look=f"sha256sum */{BLOBS}/{name}* || true",
        )


def check(mirror: str, says: str) -> str:
    return (
        f"cd {mirror}/{BLOBS}; for f in *; do "
        f"[ $(sha256sum $f | cut -d ' ' -f 1) = $f ] || echo {says}; done"
    )


def load(mirror: str) -> str:
    return f"tar -C {mirror} -c . | docker load"


step.solution(
    "the good blob of the one for the other",
    lambda v: [
        f"({check(v.torn, '$f')}) > liars.txt",
        f"({check(v.forged, '$f')}) >> liars.txt",
        f"cp {v.forged}/{v.torn_blob} {v.torn}/{v.torn_blob}",
        load(v.torn),
    ],
    explained={0: ["one-only"], 1: ["one-only"]},
)
step.solution(
    "a third folder, made of what is honest",
    lambda v: [
        f"cp -r {v.forged} third && cp {v.torn}/{v.config_blob} third/{BLOBS}/",
        f"echo {digest(v.config_blob)} > liars.txt && echo {digest(v.torn_blob)} >> liars.txt",
        load("third"),
    ],
)
step.near_miss(
    "what it should be called instead",
    lambda v: [
        f"sha256sum {v.torn}/{v.torn_blob} {v.forged}/{v.config_blob} | cut -c 1-64 > liars.txt"
    ],
    rejected_by="names",
    reason="computed",
    explain="That is what the blob would have to be called by its bytes. Wanted is what it is "
    "called: the name of its file, without the hash that `sha256sum` prints before it.",
)
step.near_miss(
    "the first mirror alone",
    lambda v: [f"({check(v.torn, '$f')}) > liars.txt"],
    rejected_by="names",
    reason="one-only",
    explain="One of the two is right. Each mirror has one of its own.",
)
step.near_miss(
    "all that differ in size or not at all",
    lambda v: [f"ls {v.torn}/{BLOBS} > liars.txt"],
    rejected_by="names",
    reason="honest",
)
step.near_miss(
    "shortened",
    lambda v: [f"({check(v.torn, '$f')}; {check(f'~/work/{v.forged}', '$f')}) | cut -c 1-12 "
               "> liars.txt"],
    rejected_by="names",
    reason="no-names",
)  # fmt: skip
LOST = (
    "Of a blob no good copy is left: one was copied the wrong way, or the papers were made to fit "
    "the bad one. A name tells which bytes are right, and cannot bring them back. Reset the step "
    "(Shift+F8, or `infralab repair --reset`): then both mirrors are as they were."
)
step.near_miss(
    "the bad one copied over the good one",
    lambda v: [f"cp {v.torn}/{v.torn_blob} {v.forged}/{v.torn_blob}"],
    rejected_by="whole",
    reason="lost-blob",
    explain=LOST,
)
step.near_miss(
    "the mirror that Docker takes",
    lambda v: [load(v.forged)],
    rejected_by="whole",
    reason="other-id",
    explain="An image's id is the hash of its config, computed from the bytes. This one was loaded "
    "with another config than the mirrors' papers name. `docker rmi` it, and look at the config.",
)
step.near_miss(
    "the papers made to fit the changed layer",
    lambda v: [
        f"new=$(sha256sum {v.torn}/{v.torn_blob} | cut -d ' ' -f 1) && "
        f"sed -i s/{digest(v.torn_blob)}/$new/ {v.torn}/{v.config_blob} {v.torn}/manifest.json && "
        f"mv {v.torn}/{v.torn_blob} {v.torn}/{BLOBS}/$new",
        load(v.torn),
    ],
    rejected_by="whole",
    reason="lost-blob",
    explain=LOST,
)
