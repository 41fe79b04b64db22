"""Images on top of another one: new layers, and the old ones shared."""

from __future__ import annotations

from collections.abc import Mapping

from lab_engine.authoring import Image, ImagePath, See, require, require_image
from labs.images.values import Values, lab

MENU = "/srv/menu.txt"
COUNT = "/srv/count.txt"
LINES = "{{range .RootFS.Layers}}{{println .}}{{end}}"

step = lab.step("stacked", daemons=("docker",), resources=lambda _: [Image("busybox")])


def counts(paths: Mapping[str, ImagePath]) -> tuple[str, str, str]:
    """What the count says, and what `wc -c` and `wc -l` say of the menu as it is."""
    menu = paths[MENU].file
    said = " ".join(paths[COUNT].file.content.split())
    return said, f"{menu.size} {MENU}", f"{menu.content.count(chr(10))} {MENU}"


def show(name: str) -> str:
    return f"docker run --rm {name} cat {MENU} {COUNT}"


@step.check("child", points=3)
async def child(see: See, v: Values) -> None:
    name = f"{v.kid}:1"
    image, paths = await require_image(
        see, name, base="busybox", layers=2, holds={MENU: v.word, COUNT: ""}
    )
    top = len(image.layers) - 1
    look = f"docker history {name}"
    require(
        paths[MENU].layer == top - 1,
        "other-order",
        expected=f"{MENU} is in the lower one of the two layers.",
        observed="It is in another one.",
        look=look,
    )
    require(
        paths[COUNT].layer == top,
        "one-layer",
        expected=f"{COUNT} is in the upper one of the two layers.",
        observed="It is in another one.",
        look=look,
    )
    said, letters, lines = counts(paths)
    require(
        said != lines,
        "lines",
        expected=f"{COUNT} in {name} says {letters!r}, as `wc -c {MENU}` does.",
        observed=f"It says {said!r}: that is the number of lines.",
        look=show(name),
    )
    require(
        said == letters,
        "other-count",
        expected=f"{COUNT} in {name} says {letters!r}, as `wc -c {MENU}` does.",
        observed=f"It says {said[:60]!r}.",
        look=show(name),
    )


@step.check("sibling", points=2, needs=("child",))
async def sibling(see: See, v: Values) -> None:
    name = f"{v.sibling}:1"
    first, menu = await require_image(see, f"{v.kid}:1", holds={MENU: ""})
    second, paths = await require_image(
        see, name, base="busybox", layers=2, holds={MENU: "", COUNT: ""}
    )
    look = f"docker inspect -f '{LINES}' {v.kid}:1 {v.sibling}:1"
    shared = second.layers[:-1] == first.layers[:-1]
    require(
        shared or menu[MENU].file.sha256 != paths[MENU].file.sha256,
        "made-anew",
        expected=f"All layers of {name} but the topmost are those of {v.kid}:1.",
        observed=f"The second one from above is another, though {MENU} says the same.",
        look=look,
    )
    require(
        shared,
        "nothing-shared",
        expected=f"All layers of {v.sibling}:1 but the topmost are those of {v.kid}:1.",
        observed="The second one from above is another.",
        look=look,
    )
    require(
        second.layers != first.layers and paths[COUNT].layer == len(second.layers) - 1,
        "same",
        expected=f"The topmost layer of {v.sibling}:1, with {COUNT}, is its own.",
        observed=f"It is that of {v.kid}:1.",
        look=look,
    )
    said, _, lines = counts(paths)
    require(
        said == lines,
        "other-count",
        expected=f"{COUNT} in {name} says {lines!r}, as `wc -l {MENU}` does.",
        observed=f"It says {said[:60]!r}.",
        look=show(name),
    )


def kitchen(v: Values, *lines: str) -> str:
    said = "\\n".join(lines)
    return (
        f"mkdir -p kitchen && echo {v.word} > kitchen/menu.txt && "
        f"printf '{said}\\n' > kitchen/Dockerfile"
    )


def run(option: str) -> str:
    return f"RUN wc {option} {MENU} > {COUNT}"


COPY = "COPY menu.txt /srv/"


def build(name: str) -> str:
    return f"docker build -t {name}:1 kitchen"


step.solution(
    "two files to build from",
    lambda v: [
        kitchen(v, "FROM busybox", COPY, run("-c")),
        build(v.kid),
        f"sed -i s/-c/-l/ kitchen/Dockerfile && {build(v.sibling)}",
    ],
)
step.solution(
    "by commits",
    lambda v: [
        f"echo {v.word} > menu.txt && docker run --name first busybox mkdir /srv && "
        f"docker cp menu.txt first:{MENU} && docker commit first half",
        f"docker run --name second half sh -c 'wc -c {MENU} > {COUNT}' && "
        f"docker commit second {v.kid}:1",
        f"docker run --name third half sh -c 'wc -l {MENU} > {COUNT}' && "
        f"docker commit third {v.sibling}:1",
    ],
)
MADE_ANEW = (
    "The menu says the same, but its layer was made a second time: with `--no-cache`, below a line "
    "of the recipe that is new, or from a file with other rights. So build both images once more "
    "from one recipe, the first with `-c` in its last line, then the second with `-l`."
)
SAME = (
    "That is the same image once more under another name: a tag makes nothing, nor does a build of "
    "a recipe that did not change. The topmost layer of the second one is to hold another count."
)
step.near_miss(
    "in one line",
    lambda v: [
        kitchen(
            v,
            "FROM busybox",
            f"RUN mkdir /srv; echo {v.word} > {MENU}; wc -c {MENU} > {COUNT}",
        ),
        build(v.kid),
    ],
    rejected_by="child",
    reason="other-layers",
)  # fmt: skip
step.near_miss(
    "flattened",
    lambda v: [
        kitchen(v, "FROM busybox", COPY, run("-c")),
        "docker build -t flat kitchen && docker create --name flat flat",
        f"docker export flat | docker import - {v.kid}:1",
    ],
    rejected_by="child",
    reason="other-base",
    explain="All files are in one layer of its own, so nothing of busybox's is shared. "
    "`docker import` makes one layer of everything; a build leaves the lower ones as they are.",
)
step.near_miss(
    "count first",
    lambda v: [
        kitchen(v, "FROM busybox", f"RUN mkdir /srv; echo 5 > {COUNT}", COPY),
        build(v.kid),
    ],
    rejected_by="child",
    reason="other-order",
    explain="Each line of the file puts a layer on top of those before it: the copy comes first.",
)
step.near_miss(
    "another menu",
    lambda v: [
        f"{kitchen(v, 'FROM busybox', COPY, run('-c'))} && echo soup > kitchen/menu.txt",
        build(v.kid),
    ],
    rejected_by="child",
    reason="other-text",
)
step.near_miss(
    "a number typed, not counted",
    lambda v: [kitchen(v, "FROM busybox", COPY, f"RUN echo 99 > {COUNT}"), build(v.kid)],
    rejected_by="child",
    reason="other-count",
)
step.near_miss(
    "counted on the bench, and copied",
    lambda v: [
        kitchen(v, "FROM busybox", COPY, "COPY count.txt /srv/"),
        f"wc -c kitchen/menu.txt > kitchen/count.txt && {build(v.kid)}",
    ],
    rejected_by="child",
    reason="other-count",
)
step.near_miss(
    "the recipe changed, and the name not",
    lambda v: [
        kitchen(v, "FROM busybox", COPY, run("-c")),
        build(v.kid),
        f"sed -i s/-c/-l/ kitchen/Dockerfile && {build(v.kid)} && {build(v.sibling)}",
    ],
    rejected_by="child",
    reason="lines",
    explain="So many lines (or words, with `-w`) has the menu; `wc -c` counts bytes. Did the "
    "recipe change for the second image already? A build under the same name moves the name: put "
    "`-c` back into the recipe and build it once more.",
)
step.near_miss(
    "another number typed",
    lambda v: [
        kitchen(v, "FROM busybox", COPY, run("-c")),
        build(v.kid),
        kitchen(v, "FROM busybox", COPY, f"RUN echo 98 > {COUNT}"),
        build(v.sibling),
    ],
    rejected_by="sibling",
    reason="other-count",
)
step.near_miss(
    "built without the cache",
    lambda v: [
        kitchen(v, "FROM busybox", COPY, run("-c")),
        build(v.kid),
        f"sed -i s/-c/-l/ kitchen/Dockerfile && docker build --no-cache -t {v.sibling}:1 kitchen",
    ],
    rejected_by="sibling",
    reason="made-anew",
    explain=MADE_ANEW,
)
step.near_miss(
    "a new line above the copy",
    lambda v: [
        kitchen(v, "FROM busybox", COPY, run("-c")),
        build(v.kid),
        kitchen(v, "FROM busybox", "LABEL course=second", COPY, run("-l")),
        build(v.sibling),
    ],
    rejected_by="sibling",
    reason="made-anew",
    explain=MADE_ANEW,
)
step.near_miss(
    "other rights on the menu",
    lambda v: [
        kitchen(v, "FROM busybox", COPY, run("-c")),
        build(v.kid),
        "chmod 600 kitchen/menu.txt && sed -i s/-c/-l/ kitchen/Dockerfile",
        build(v.sibling),
    ],
    rejected_by="sibling",
    reason="made-anew",
    explain=MADE_ANEW,
)
step.near_miss(
    "the recipe not changed",
    lambda v: [kitchen(v, "FROM busybox", COPY, run("-c")), build(v.kid), build(v.sibling)],
    rejected_by="sibling",
    reason="same",
    explain=SAME,
)
step.near_miss(
    "another name for the same image",
    lambda v: [
        kitchen(v, "FROM busybox", COPY, run("-c")),
        build(v.kid),
        f"docker tag {v.kid}:1 {v.sibling}:1",
    ],
    rejected_by="sibling",
    reason="same",
    explain=SAME,
)
step.near_miss(
    "another menu in the second one",
    lambda v: [
        kitchen(v, "FROM busybox", COPY, run("-c")),
        build(v.kid),
        f"echo soup > kitchen/menu.txt && {build(v.sibling)}",
    ],
    rejected_by="sibling",
    reason="nothing-shared",
    explain="The copied file differs, so its layer does, and every layer above it was made anew.",
)
