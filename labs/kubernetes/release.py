"""A new version, a bad one that never gets ready, and the way back."""

from __future__ import annotations

from lab_engine.authoring import (
    KubeObjectsProbe,
    KubeObjectsReading,
    KubeWorkloadProbe,
    See,
    require,
    require_workload,
)
from labs.kubernetes.values import (
    BAD_IMAGE,
    IMAGE,
    NEXT_IMAGE,
    Values,
    cluster,
    deployment,
    lab,
    manifest,
    written,
)

DEADLINE = 8
"""Seconds after which a rollout that does not get on is called failed."""
RUNS = "spec.template.spec.containers.0.image"
REVISION = "deployment.kubernetes.io/revision"
EARLIER = "deployment.kubernetes.io/revision-history"
"""What its ReplicaSet was before it came back, as `1,3` (the Deployment's controller writes it)."""

step = lab.step(
    "release",
    daemons=("docker",),
    resources=lambda v: cluster(manifest("shop", deployment(v.shop, v.count, deadline=DEADLINE))),
    touches=lambda v: [f"kube/default/deployments/{v.shop}"],
)


def revisions(sets: KubeObjectsReading, v: Values, image: str) -> set[int]:
    """The numbers of all revisions with this image, those as well that came back with a new one."""
    own = [one for one in sets.objects if one.owner == f"Deployment/{v.shop}"]
    notes = [one.annotations for one in own if one.fields.get(RUNS) == image]
    words = [
        word
        for note in notes
        for key in (REVISION, EARLIER)
        for word in note.get(key, "").split(",")
    ]
    return {int(word) for word in words if word.isdecimal()}


@step.check("undo", points=4, settle=5.0)
async def undo(see: See, v: Values) -> None:
    probe = KubeWorkloadProbe("Deployment", v.shop)
    start = await see.before(probe)
    found, sets = await see(probe, KubeObjectsProbe("apps/v1/replicasets", fields=(RUNS,)))
    history = f"kubectl rollout history deployment {v.shop}"
    wide = f"kubectl get deployment {v.shop} -o wide"
    require(
        not found.exists or start.uid == found.uid,
        "made-anew",
        expected=f"The Deployment {v.shop} is the one that was there.",
        observed="It was deleted and made anew.",
        look=wide,
    )
    require(
        not found.exists or found.revision > start.revision,
        "no-rollout",
        expected=f"{v.shop} was rolled out anew.",
        observed="It is as at the start.",
        look=history,
    )
    require(
        found.images != (BAD_IMAGE,),
        "still-bad",
        expected=f"{BAD_IMAGE} was taken back.",
        observed=f"It is still what {v.shop} wants.",
        look=wide,
    )
    bad, good = revisions(sets, v, BAD_IMAGE), revisions(sets, v, NEXT_IMAGE)
    require(
        bad,
        "never-tried",
        expected=f"{BAD_IMAGE} was tried.",
        observed="No revision had it.",
        look=history,
    )
    tried = {image for one in found.revisions for image in one.images}
    require(
        found.images != (IMAGE,) or NEXT_IMAGE not in tried,
        "too-far",
        expected=f"{v.shop} has the version before the bad one, {NEXT_IMAGE}.",
        observed=f"It is back at {IMAGE}.",
        look=wide,
    )
    await require_workload(see, "Deployment", v.shop, replicas=v.count, images=[NEXT_IMAGE])
    require(
        bool(good) and min(good) < max(bad),
        "other-order",
        expected=f"First {NEXT_IMAGE} came, then {BAD_IMAGE}, which was taken back.",
        observed=f"Before {BAD_IMAGE} there was no {NEXT_IMAGE}.",
        look=history,
    )


def brought(v: Values, image: str) -> str:
    return f"kubectl set image deployment {v.shop} web={image}"


def rolled_out(v: Values) -> str:
    return f"kubectl rollout status deployment {v.shop} --timeout=60s"


def stuck(v: Values) -> str:
    """The bad version, until it is called failed: waiting for it ends with 1."""
    return f"{brought(v, BAD_IMAGE)} && ! {rolled_out(v)}"


def undone(v: Values, options: str = "") -> str:
    return f"kubectl rollout undo deployment {v.shop}{options}"


step.solution(
    "undone",
    lambda v: [
        f"{brought(v, NEXT_IMAGE)} && {rolled_out(v)}",
        stuck(v),
        f"{undone(v)} && {rolled_out(v)}",
    ],
    explained={2: ["still-bad"]},
)
step.solution(
    "by files",
    lambda v: [
        written("two.yaml", deployment(v.shop, v.count, image=NEXT_IMAGE, deadline=DEADLINE)),
        f"kubectl apply -f two.yaml && {rolled_out(v)}",
        f"sed s/{NEXT_IMAGE}/{BAD_IMAGE}/ two.yaml | kubectl apply -f - && ! {rolled_out(v)}",
        f"kubectl apply -f two.yaml && {rolled_out(v)}",
    ],
    explained={1: ["other-order"], 3: ["still-bad"]},
)
LATE = (
    f"{NEXT_IMAGE} came after the bad one, so no `undo` led back to it. Bring {BAD_IMAGE} once "
    "more, and take it back."
)
step.near_miss(
    "left as it is",
    lambda v: [f"{brought(v, NEXT_IMAGE)} && {rolled_out(v)}", stuck(v)],
    rejected_by="undo",
    reason="still-bad",
    explain="The bad version is still wanted: the old pods answer in its place. "
    "`kubectl rollout undo` takes the wish back.",
)
step.near_miss(
    "the bad one never came",
    lambda v: [f"{brought(v, NEXT_IMAGE)} && {rolled_out(v)}"],
    rejected_by="undo",
    reason="never-tried",
)
step.near_miss(
    "back to the first",
    lambda v: [
        f"{brought(v, NEXT_IMAGE)} && {rolled_out(v)}",
        stuck(v),
        undone(v, " --to-revision=1"),
    ],
    rejected_by="undo",
    reason="too-far",
    explain="That is the version from the beginning. Without `--to-revision` the one before the "
    "latest comes back.",
)
step.near_miss(
    "the bad one first",
    lambda v: [stuck(v), undone(v), f"{brought(v, NEXT_IMAGE)} && {rolled_out(v)}"],
    rejected_by="undo",
    reason="other-order",
    explain=LATE,
)
step.near_miss(
    "the bad one twice, and never from the good one",
    lambda v: [
        stuck(v),
        undone(v),
        stuck(v),
        f"{brought(v, NEXT_IMAGE)} && {rolled_out(v)}",
    ],
    rejected_by="undo",
    reason="other-order",
    explain=LATE,
)
step.near_miss(
    "deleted and made anew",
    lambda v: [
        written("two.yaml", deployment(v.shop, v.count, image=NEXT_IMAGE, deadline=DEADLINE)),
        f"{brought(v, NEXT_IMAGE)} && {rolled_out(v)}",
        stuck(v),
        f"kubectl delete deployment {v.shop}",
        f"kubectl apply -f two.yaml && {rolled_out(v)}",
    ],
    rejected_by="undo",
    reason="made-anew",
)
step.near_miss(
    "fewer pods",
    lambda v: [
        f"{brought(v, NEXT_IMAGE)} && {rolled_out(v)}",
        stuck(v),
        undone(v),
        f"kubectl scale deployment {v.shop} --replicas={v.count - 1}",
    ],
    rejected_by="undo",
    reason="other-replicas",
)
