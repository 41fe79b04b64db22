"""Source, a builder, a setting: an image."""

from __future__ import annotations

from lab_engine.authoring import (
    ContainerFileProbe,
    ContainerPathsProbe,
    Resource,
    See,
    as_read,
    require,
    require_container,
    require_served_by,
)
from labs.source_to_image.made import KEPT, require_made, require_newest, require_run_by
from labs.source_to_image.values import (
    APP,
    HOME,
    PAGES,
    PORT,
    SOURCE,
    USER,
    Values,
    folder,
    given,
    lab,
    operators,
    touched,
)


def resources(v: Values) -> list[Resource]:
    return [*operators(), folder(v, v.app, {SOURCE: v.template})]


step = lab.step("build", daemons=("docker",), resources=resources, touches=touched)
ASSEMBLE, STARTS = "/usr/libexec/s2i/assemble", "/usr/libexec/s2i/run"
INDEX = f"{APP}/index.html"


@step.check("image", points=2)
async def image(see: See, v: Values) -> None:
    await require_made(see, v.app, PAGES)


@step.check("site", points=2, needs=("image",))
async def site(see: See, v: Values) -> None:
    await require_newest(see, v.site, v.app)
    found = await require_container(see, v.site, image=v.app)
    script, source = await see(
        ContainerFileProbe(v.site, ASSEMBLE), ContainerFileProbe(v.site, f"{APP}/{SOURCE}")
    )
    require(
        script.text == given(PAGES)["assemble"],
        "other-script",
        expected=f"{PAGES} is made of {HOME}/{PAGES}, as it was given.",
        observed="Its script assemble is another one.",
        look=f"docker exec {v.site} cat {ASSEMBLE}",
    )
    require(
        source.text == v.template,
        "other-source",
        expected=f"{v.app} is made of {SOURCE} as it was given.",
        observed="That file was changed before it was built.",
        look=f"docker exec {v.site} cat {APP}/{SOURCE}",
    )
    await require_run_by(see, found, USER)
    require(
        STARTS in found.command,
        "other-start",
        expected=f"{v.site} is started as its image says: {STARTS}",
        observed=f"It is started with {' '.join(found.command)[:80]!r}.",
        look=f"docker inspect -f '{{{{.Path}}}} {{{{.Args}}}}' {v.site}",
    )
    await require_served_by(see, v.site, PORT, says=v.page.strip())
    layers = await see(ContainerPathsProbe(v.site, (INDEX,)))
    index = layers.paths[INDEX]
    require(
        as_read(index.image.content) == as_read(v.page),
        "changed-afterwards",
        expected=f"In the image {v.app} the page has the title.",
        observed=f"There it says {index.image.content.strip()[:60]!r}.",
        look=f"docker run --rm {v.app} cat {INDEX}",
    )


BUILDER = f"docker build -t {PAGES} {HOME}/{PAGES}"


def make(v: Values, *, title: str = "", source: str = "") -> str:
    return f"{HOME}/s2i build {source or v.app} {PAGES} {v.app} -e TITLE='{title or v.title}'"


def run(v: Values, options: str = "") -> str:
    return f"docker run -d --name {v.site} {options}{v.app}; sleep 0.5"


def dockerfile(v: Values, text: str) -> str:
    return f"cat > Dockerfile <<'END'\n{text}END\ndocker build -t {v.app} ."


def by_dockerfile(v: Values, *, last: str = "") -> str:
    return dockerfile(
        v,
        f"FROM {PAGES}\nENV TITLE='{v.title}'\nCOPY --chown=1001:0 {v.app} /tmp/src\n"
        f'RUN /usr/libexec/s2i/assemble\nCMD ["/usr/libexec/s2i/run"]\n{last}',
    )


step.solution("as shown", lambda v: [BUILDER, make(v), run(v)])
step.solution("the same, written as a Dockerfile", lambda v: [BUILDER, by_dockerfile(v), run(v)])
step.near_miss(
    "an image of one's own",
    lambda v: [
        BUILDER,
        dockerfile(
            v,
            f"FROM busybox\nCOPY {v.app} /opt/app\n"
            'CMD ["httpd", "-f", "-p", "8080", "-h", "/opt/app"]\n',
        ),
    ],
    rejected_by="image",
    reason="other-builder",
    explain=f"This image is not made on `{PAGES}` as it is now. Whoever mends that builder "
    "mends nothing here.",
)
step.near_miss(
    "as root after all",
    lambda v: [BUILDER, by_dockerfile(v, last="USER root\n")],
    rejected_by="image",
    reason="root",
    explain="Everything is there, but it starts as root. That is the last thing an operator "
    "wants from source that somebody else wrote.",
)
step.near_miss(
    "the builder under another name",
    lambda v: [BUILDER, f"docker tag {PAGES} {v.app}"],
    rejected_by="image",
    reason="nothing-added",
)
step.near_miss(
    "the title in the source",
    lambda v: [
        BUILDER,
        f"sed -i 's/@TITLE@/{v.title}/' {v.app}/{SOURCE}",
        f"{HOME}/s2i build {v.app} {PAGES} {v.app}",
        run(v),
    ],
    rejected_by="site",
    reason="other-source",
    explain="The title is in the source now, so each title needs a source of its own. As a setting "
    "of the build, `-e`, it leaves the source alone. In the file it says `@TITLE@` again.",
)
step.near_miss(
    "without the setting",
    lambda v: [BUILDER, f"{HOME}/s2i build {v.app} {PAGES} {v.app}", run(v)],
    rejected_by="site",
    reason="other-page",
    explain="The title is read by `assemble`, when the image is made: `-e TITLE='...'` is for "
    "`s2i build`. The container gets the page as it is.",
)
step.near_miss(
    "the setting for the container instead",
    lambda v: [
        BUILDER,
        f"{HOME}/s2i build {v.app} {PAGES} {v.app}",
        run(v, f"-e TITLE='{v.title}' "),
    ],
    rejected_by="site",
    reason="other-page",
    explain="The title is read by `assemble`, when the image is made: `-e TITLE='...'` is for "
    "`s2i build`. The container gets the page as it is.",
)
step.near_miss(
    "made again, and not run again",
    lambda v: [BUILDER, make(v, title="Soup"), run(v), make(v)],
    rejected_by="site",
    reason="older-image",
    explain=KEPT,
)
step.near_miss(
    "the title put in afterwards",
    lambda v: [
        BUILDER,
        f"{HOME}/s2i build {v.app} {PAGES} {v.app}",
        f"{run(v)}; docker exec {v.site} sed -i 's/Untitled/{v.title}/' {INDEX}",
    ],
    rejected_by="site",
    reason="changed-afterwards",
    explain="What is changed in a container, that one has. The image is as it was made, and so is "
    "each new container of it.",
)
step.near_miss(
    "a server that the image does not name",
    lambda v: [BUILDER, make(v), f"{run(v).partition(';')[0]} httpd -f -p {PORT} -h {APP}"],
    rejected_by="site",
    reason="other-start",
)
step.near_miss(
    "the builder with the folder mounted",
    lambda v: [
        BUILDER,
        make(v),
        f"cp {v.app}/{SOURCE} {v.app}/index.html && sed -i 's/@TITLE@/{v.title}/' "
        f"{v.app}/index.html && docker run -d --name {v.site} -v $PWD/{v.app}:{APP} {PAGES} "
        f"httpd -f -p {PORT} -h {APP}",
    ],
    rejected_by="site",
    reason="other-image",
)
step.near_miss(
    "started as root",
    lambda v: [BUILDER, make(v), run(v, "-u 0 ")],
    rejected_by="site",
    reason="other-user",
)
