"""What an image does not show: a file that a later layer deletes still lies in the earlier one."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from lab_engine.authoring import (
    Directory,
    DirectoryProbe,
    FileProbe,
    Image,
    ImageLayersProbe,
    See,
    as_read,
    require,
    require_answer,
    require_buried,
    require_file,
)
from labs.union_filesystem.values import Values, lab

ANSWER = "/home/learner/work/found.txt"
SEAL = "/etc/seal"
OF_NOTHING = hashlib.sha256(b"").hexdigest()
DEPTH = 3
"""Folders below the root of a layer that are searched for the key."""


def recipe(v: Values) -> str:
    return (
        "FROM busybox\n"
        f"RUN head -c 12 /dev/urandom | base64 > /etc/{v.key}\n"
        f"RUN sha256sum < /etc/{v.key} | cut -c 1-64 > {SEAL}\n"
        f"RUN rm /etc/{v.key}\n"
    )


step = lab.step(
    "image",
    daemons=("docker",),
    resources=lambda v: [
        Image("busybox"),
        Directory("app", path=f"/home/learner/work/{v.app}", files={"Dockerfile": recipe(v)}),
    ],
    touches=lambda v: [f"file//home/learner/work/{v.app}*"],
)


@step.check("build")
async def build(see: See, v: Values) -> None:
    await require_buried(see, v.app, f"/etc/{v.key}")


@step.check("find", points=2, needs=("build",))
async def find(see: See, v: Values) -> None:
    key = await require_buried(see, v.app, f"/etc/{v.key}")
    sealed = await see(ImageLayersProbe(v.app, (SEAL,)))
    said = as_read((await require_file(see, ANSWER)).content)
    what = f"what /etc/{v.key} said before it was deleted"
    look = f"head -c 200 {ANSWER}"
    require(
        not said or said != as_read(sealed.paths[SEAL].now.content),
        "the-seal",
        expected=f"{ANSWER} says {what}.",
        observed=f"It says what {SEAL} says.",
        look=look,
    )
    require(
        not said.startswith("/var/lib/docker/"),
        "its-path",
        expected=f"{ANSWER} says {what}.",
        observed="It says the path of a file.",
        look=look,
    )
    require(
        said == as_read(key.content) or as_read(key.content) not in said.splitlines(),
        "more-than-one",
        expected=f"{ANSWER} says {what}.",
        observed="It says more than one key.",
        look=look,
    )
    await require_answer(see, ANSWER, says=key.content, what=what)


@step.check("mend", points=3)
async def mend(see: See, v: Values) -> None:
    name, hidden = f"{v.app}:clean", f"/etc/{v.key}"
    found = await see(ImageLayersProbe(name, (hidden, SEAL)))
    look = f"docker history {name}"
    require(
        found.exists,
        "no-image",
        expected=f"There is an image {name}.",
        observed="There is none.",
        look="docker image ls",
    )
    seal = found.paths[SEAL].now
    require(
        seal.kind == "file" and len(seal.content.strip()) == 64,
        "no-seal",
        expected=f"{name} has the seal, a file {SEAL} with 64 digits.",
        observed=f"It says {seal.content.strip()[:30]!r}." if seal.exists else "It has none.",
        look=look,
    )
    holding = sum(layer.exists for layer in found.paths[hidden].layers)
    require(
        not found.paths[hidden].now.exists,
        "in-sight",
        expected=f"No layer of {name} holds {hidden}.",
        observed="Every container of it sees the file.",
        look=look,
    )
    require(
        not holding,
        "still-buried",
        expected=f"No layer of {name} holds {hidden}.",
        observed=f"{holding} of its {len(found.folders)} layers does.",
        look=look,
    )
    require(
        seal.content.strip() != OF_NOTHING,
        "seal-of-nothing",
        expected=f"{SEAL} of {name} was made from a key.",
        observed="It is the hash of an empty file.",
        look=look,
    )
    left = await unsealed(see, found.folders[:-1], seal.content.strip())
    require(
        not left,
        "under-another-name",
        expected=f"No layer of {name} holds the key.",
        observed=f"The key from which its seal was made lies at {left} in a layer.",
        look=look,
    )
    kept = await see(FileProbe(f"/home/learner/work/{v.app}/Dockerfile"))
    require(
        as_read(kept.content) != as_read(recipe(v)),
        "recipe-as-it-was",
        expected=f"The Dockerfile in ~/work/{v.app} is another one now.",
        observed="It is as it was at the beginning.",
        look=f"cat ~/work/{v.app}/Dockerfile" if kept.exists else f"ls -la ~/work/{v.app}",
    )


async def unsealed(see: See, folders: Sequence[str], seal: str) -> str:
    """The path of a file in these layers whose hash is the seal; empty for none."""
    level = [(folder, "") for folder in folders]
    for _ in range(DEPTH):
        if not level:
            break
        # One probe alone is answered without a tuple around it.
        listed = await see(*(DirectoryProbe(f + at) for f, at in level), FileProbe("/"))
        inner = [
            (folder, f"{at}/{name}", kind)
            for (folder, at), found in zip(level, listed, strict=False)
            for name, kind in found.entries.items()
        ]
        files = [(folder, at) for folder, at, kind in inner if kind == "file"]
        read = await see(*(FileProbe(f + at) for f, at in files), FileProbe("/")) if files else ()
        for (_folder, at), one in zip(files, read, strict=False):
            if one.sha256 == seal:
                return at
        level = [(folder, at) for folder, at, kind in inner if kind == "directory"]
    return ""


def built(v: Values) -> str:
    return f"docker build -q -t {v.app} ~/work/{v.app}"


def together(v: Values) -> str:
    """The three commands in one RUN."""
    return (
        f"head -c 12 /dev/urandom | base64 > /etc/{v.key} && "
        f"sha256sum < /etc/{v.key} | cut -c 1-64 > {SEAL} && rm /etc/{v.key}"
    )


def clean(v: Values, *lines: str) -> list[str]:
    text = " ".join(f"'{line}'" for line in lines)
    return [
        f"printf '%s\\n' {text} > ~/work/{v.app}/Dockerfile",
        f"docker build -q -t {v.app}:clean ~/work/{v.app}",
    ]


FIND = "sudo cat $(sudo find /var/lib/docker/overlay2 -type f -name {})"

step.solution(
    "find it in the folder of its layer; one RUN for all three",
    lambda v: [
        built(v),
        f"{FIND.format(v.key)} > ~/work/found.txt",
        *clean(v, "FROM busybox", f"RUN {together(v)}"),
    ],
    explained={2: ["still-buried"]},
)
step.solution(
    "find it in the archive; only the seal is copied from a first stage",
    lambda v: [
        built(v),
        f"mkdir x && docker save {v.app} | tar -x -C x",
        f"for layer in $(jq -r '.[0].Layers[]' x/manifest.json); do "
        f"tar -xOf x/$layer etc/{v.key} 2>/dev/null; done > ~/work/found.txt || true",
        *clean(
            v,
            "FROM busybox AS first",
            f"RUN head -c 12 /dev/urandom | base64 > /etc/{v.key}",
            f"RUN sha256sum < /etc/{v.key} | cut -c 1-64 > {SEAL}",
            "FROM busybox",
            f"COPY --from=first {SEAL} {SEAL}",
        ),
    ],
    explained={3: ["still-buried"]},
)
step.solution(
    "find it in the image before the last command; the key is in no file at all",
    lambda v: [
        built(v),
        f"docker run --rm $(docker history -q {v.app} | sed -n 2p) cat /etc/{v.key} "
        "> ~/work/found.txt",
        *clean(
            v,
            "FROM busybox",
            "RUN KEY=$(head -c 12 /dev/urandom | base64); "
            f"echo $KEY | sha256sum | cut -c 1-64 > {SEAL}",
        ),
    ],
    explained={2: ["still-buried"]},
)
step.near_miss(
    "not deleted at all",
    lambda v: [
        f"sed -i '$d' ~/work/{v.app}/Dockerfile",
        built(v),
    ],
    rejected_by="build",
    reason="in-sight",
)
step.near_miss(
    "from a file of one's own, without a key",
    lambda v: [f"echo FROM busybox | docker build -q -t {v.app} -"],
    rejected_by="build",
    reason="in-no-layer",
)
step.near_miss(
    "a key made up",
    lambda v: [built(v), "head -c 12 /dev/urandom | base64 > ~/work/found.txt"],
    rejected_by="find",
    reason="other-text",
)
step.near_miss(
    "the seal in place of the key",
    lambda v: [built(v), f"docker run --rm {v.app} cat {SEAL} > ~/work/found.txt"],
    rejected_by="find",
    reason="the-seal",
    explain="That is the seal, a hash of the key. Nobody gets the key back from it: it is in a "
    "file of its own, in a layer below.",
)
step.near_miss(
    "the key in a layer of an older build, too",
    lambda v: [
        built(v),
        built(v).replace("-q", "-q --no-cache"),
        f"for one in $(sudo find /var/lib/docker/overlay2 -type f -name {v.key}); do "
        "sudo cat $one; done > ~/work/found.txt",
    ],
    rejected_by="find",
    reason="more-than-one",
    explain="An older build left a layer, with a key of its own. The right one has the hash that "
    f"{SEAL} of the image says: `sha256sum` tells which it is.",
)
step.near_miss(
    "where it lies",
    lambda v: [
        built(v),
        f"sudo find /var/lib/docker/overlay2 -type f -name {v.key} > ~/work/found.txt",
    ],
    rejected_by="find",
    reason="its-path",
    explain="That is where the file lies. Write down what it says: `sudo cat` reads it.",
)
step.near_miss(
    "only another name",
    lambda v: [built(v), f"docker tag {v.app} {v.app}:clean"],
    rejected_by="mend",
    reason="still-buried",
    explain="The file is out of sight, and still in a layer. What one RUN makes and a later one "
    "deletes stays in the image.",
)
step.near_miss(
    "deleted once more",
    lambda v: clean(
        v,
        "FROM busybox",
        f"RUN {together(v).rpartition(' && ')[0]}",
        f"RUN rm /etc/{v.key} && sync",
    ),
    rejected_by="mend",
    reason="still-buried",
    explain="The file is out of sight, and still in a layer. What one RUN makes and a later one "
    "deletes stays in the image.",
)
step.near_miss(
    "without the key from the beginning",
    lambda v: clean(v, "FROM busybox", "RUN true"),
    rejected_by="mend",
    reason="no-seal",
)
step.near_miss(
    "one RUN that forgets to delete",
    lambda v: clean(v, "FROM busybox", f"RUN {together(v).rpartition(' && ')[0]}"),
    rejected_by="mend",
    reason="in-sight",
)
step.near_miss(
    "made from a container",
    lambda v: [
        f"docker run --name made busybox sh -c '{together(v)}'",
        f"docker commit made {v.app}:clean",
        "docker rm made",
    ],
    rejected_by="mend",
    reason="recipe-as-it-was",
    explain="The image is clean, this once. The next one who builds from the Dockerfile has a key "
    "in it again: that is what is to be mended.",
)
step.near_miss(
    "deleted before it was used",
    lambda v: clean(
        v,
        "FROM busybox",
        f"RUN head -c 12 /dev/urandom | base64 > /etc/{v.key}; rm /etc/{v.key}; "
        f"cat /etc/{v.key} | sha256sum | cut -c 1-64 > {SEAL}",
    ),
    rejected_by="mend",
    reason="seal-of-nothing",
    explain="sha256sum had nothing to read: the key was deleted already, or never written. Make "
    "the seal first, and delete the key then.",
)
step.near_miss(
    "the same mistake under another name",
    lambda v: clean(
        v,
        "FROM busybox",
        "RUN head -c 12 /dev/urandom | base64 > /root/key",
        f"RUN sha256sum < /root/key | cut -c 1-64 > {SEAL}",
        "RUN rm /root/key",
    ),
    rejected_by="mend",
    reason="under-another-name",
    explain="Another name or another folder does not help: what counts is what a layer holds when "
    "its RUN ends.",
)
