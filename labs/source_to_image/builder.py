"""A builder of one's own, for two apps."""

from __future__ import annotations

from collections.abc import Sequence

from lab_engine.authoring import (
    ContainerPathsProbe,
    Resource,
    See,
    require,
    require_container,
    require_served_by,
)
from labs.source_to_image.made import KEPT, MADE_BEFORE, require_made, require_newest
from labs.source_to_image.values import (
    APP,
    HOME,
    LIST,
    PORT,
    Values,
    folder,
    lab,
    operators,
    touched,
)

INDEX = f"{APP}/index.html"


def lines(names: Sequence[str]) -> str:
    return "".join(f"{name}\n" for name in names)


def resources(v: Values) -> list[Resource]:
    return [
        *operators(),
        folder(v, v.one, {LIST: lines(v.ones)}),
        folder(v, v.two, {LIST: lines(v.twos)}),
    ]


step = lab.step("builder", daemons=("docker",), resources=resources, touches=touched)


async def require_listed(see: See, v: Values, app: str, names: Sequence[str]) -> None:
    """The app was made by the learner's builder, and the sorted list lies in its image."""
    wanted = lines(sorted(names))
    await require_made(see, app, v.builder)
    await require_newest(see, app, app)
    await require_container(see, app, image=app)
    found = await see(ContainerPathsProbe(app, (INDEX,)))
    index = found.paths[INDEX]
    look = f"docker run --rm {app} cat {INDEX}"
    require(
        index.image.exists and index.image.kind == "file",
        "no-index",
        expected=f"assemble has put {INDEX} into the image {app}.",
        observed="There is no such file in the image.",
        look=f"docker run --rm {app} ls -l {APP} || true",
    )
    require(
        index.image.content.split() == wanted.split(),
        "other-list",
        expected=f"{INDEX} in the image has the {len(names)} names of {app}, sorted.",
        observed=f"It says: {' '.join(index.image.content.split())[:60] or 'nothing'}.",
        look=look,
    )
    await require_served_by(see, app, PORT, says=wanted.strip())


@step.check("builder", points=3)
async def builder(see: See, v: Values) -> None:
    await require_listed(see, v, v.one, v.ones)


@step.check("second", points=2, needs=("builder",))
async def second(see: See, v: Values) -> None:
    await require_listed(see, v, v.two, v.twos)


DOCKERFILE = """FROM busybox
LABEL io.openshift.s2i.scripts-url=image:///usr/libexec/s2i
COPY assemble run /usr/libexec/s2i/
RUN mkdir -p /opt/app && chown 1001:0 /opt/app
USER 1001
"""
SOURCE = "/tmp/src"  # noqa: S108 - the contract's place in a container
ASSEMBLE = f"""#!/bin/sh
set -e
sort {SOURCE}/names.txt > /opt/app/index.html
"""
RUN = """#!/bin/sh
exec httpd -f -p 8080 -h /opt/app
"""


def write(
    v: Values, *, dockerfile: str = DOCKERFILE, assemble: str = ASSEMBLE, run: str = RUN
) -> str:
    texts = {"Dockerfile": dockerfile, "assemble": assemble, "run": run}
    files = "\n".join(f"cat > {name} <<'END'\n{text}END" for name, text in texts.items())
    return f"mkdir -p {v.builder} && cd {v.builder}\n{files}\nchmod +x assemble run\ncd .."


def build(v: Values) -> str:
    return f"docker build -t {v.builder} {v.builder}"


def make(v: Values, app: str, more: str = "") -> str:
    return (
        f"{HOME}/s2i build {app} {v.builder} {app}{more} && docker run -d --name {app} {app}; "
        "sleep 0.5"
    )


ELSEWHERE = """FROM busybox
RUN mkdir -p /opt/app /scripts && chgrp 0 /opt/app && chmod 775 /opt/app
COPY bin /scripts
LABEL io.openshift.s2i.scripts-url="image:///scripts"
USER 2000:0
"""
OWN_RUN = '#!/bin/sh\ncd /opt/app\nexec httpd -p "8080" -f\n'


def elsewhere(v: Values) -> str:
    return (
        f"mkdir -p own/bin\ncat > own/Dockerfile <<'END'\n{ELSEWHERE}END\n"
        "printf '#!/bin/sh\\ncat /tmp/src/*.txt | sort > /opt/app/index.html\\n' "
        f"> own/bin/assemble\ncat > own/bin/run <<'END'\n{OWN_RUN}END\nchmod 755 own/bin/*"
    )


step.solution("as shown", lambda v: [write(v), build(v), make(v, v.one), make(v, v.two)])
step.solution(
    "other places, another number",
    lambda v: [
        elsewhere(v),
        f"docker build -t {v.builder} own",
        make(v, v.two),
        make(v, v.one),
    ],
)


NOT_IN_IMAGE = (
    "The page is not in the image. What `assemble` writes when the image is made, all of its "
    "containers have. What comes later, one of them has."
)


def first(v: Values, **parts: str) -> list[str]:
    return [write(v, **parts), build(v), f"{{ {make(v, v.one)}; }} || true"]


step.near_miss(
    "no label",
    lambda v: first(v, dockerfile=DOCKERFILE.replace("LABEL", "#")),
    rejected_by="builder",
    reason="no-scripts",
    explain="Without the label nobody knows where the scripts are, so the image is no builder. It "
    "is a line in the Dockerfile: `LABEL NAME=VALUE`.",
)
step.near_miss(
    "a path without image://",
    lambda v: first(v, dockerfile=DOCKERFILE.replace("image://", "")),
    rejected_by="builder",
    reason="no-scripts",
    explain="Without the label nobody knows where the scripts are, so the image is no builder. It "
    "is a line in the Dockerfile: `LABEL NAME=VALUE`.",
)
step.near_miss(
    "root",
    lambda v: first(v, dockerfile=DOCKERFILE.replace("USER 1001", "USER root")),
    rejected_by="builder",
    reason="root",
)
step.near_miss(
    "no user",
    lambda v: first(v, dockerfile=DOCKERFILE.replace("USER 1001", "")),
    rejected_by="builder",
    reason="root",
)
step.near_miss(
    "a user by name",
    lambda v: first(v, dockerfile=DOCKERFILE.replace("USER 1001", "USER nobody")),
    rejected_by="builder",
    reason="named-user",
)
step.near_miss(
    "a server that goes into the background",
    lambda v: first(v, run=RUN.replace("-f ", "")),
    rejected_by="builder",
    reason="not-running",
    explain="`run` has ended, or never began, and a container ends with its first process. "
    "`docker logs` tells what was said. `httpd` stays only with `-f`.",
)
step.near_miss(
    "made again, and not run again",
    lambda v: [
        write(v, assemble=ASSEMBLE.replace("sort", "cat")),
        build(v),
        make(v, v.one),
        f"{write(v)} && {build(v)} && {HOME}/s2i build {v.one} {v.builder} {v.one}",
    ],
    rejected_by="builder",
    reason="older-image",
    explain=KEPT,
)
step.near_miss(
    "not sorted",
    lambda v: first(v, assemble=ASSEMBLE.replace("sort", "cat")),
    rejected_by="builder",
    reason="other-list",
)
step.near_miss(
    "sorted at each start",
    lambda v: first(
        v,
        assemble="#!/bin/sh\ncp /tmp/src/names.txt /opt/app\n",
        run=RUN.replace("exec", "sort /opt/app/names.txt > /opt/app/index.html\nexec"),
    ),
    rejected_by="builder",
    reason="no-index",
    explain=NOT_IN_IMAGE,
)
step.near_miss(
    "the page brought in afterwards",
    lambda v: [
        *first(v, assemble="#!/bin/sh\ntouch /opt/app/.made\n"),
        f"sort {v.one}/{LIST} > index.html && docker cp index.html {v.one}:{APP}",
    ],
    rejected_by="builder",
    reason="no-index",
    explain=NOT_IN_IMAGE,
)
step.near_miss(
    "the names in the builder",
    lambda v: [
        write(
            v,
            dockerfile=DOCKERFILE.replace("COPY ", f"COPY {LIST} "),
            assemble=ASSEMBLE.replace(SOURCE, "/usr/libexec/s2i"),
        ),
        f"cp {v.one}/{LIST} {v.builder} && {build(v)}",
        make(v, v.one),
        make(v, v.two),
    ],
    rejected_by="second",
    reason="other-list",
)
step.near_miss(
    "a Dockerfile for the second",
    lambda v: [
        write(v),
        build(v),
        make(v, v.one),
        f"sort {v.two}/{LIST} > {v.two}/index.html && printf 'FROM busybox\\nCOPY index.html /\\n"
        f'CMD ["httpd", "-f", "-p", "8080", "-h", "/"]\\n\' > {v.two}/Dockerfile && '
        f"docker build -t {v.two} {v.two} && docker run -d --name {v.two} {v.two}",
    ],
    rejected_by="second",
    reason="other-builder",
)
step.near_miss(
    "another builder for the second",
    lambda v: [
        write(v),
        build(v),
        make(v, v.one),
        f"echo '# more' >> {v.builder}/assemble && {build(v)}",
        make(v, v.two),
    ],
    rejected_by="builder",
    reason="other-builder",
    explain=MADE_BEFORE,
)
