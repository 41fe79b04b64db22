"""From source to something that runs: a buildpack's other two scripts."""

from __future__ import annotations

from lab_engine.authoring import (
    Directory,
    FileProbe,
    GitCommitProbe,
    GitRepository,
    Resource,
    See,
    TrialProbe,
    require,
    require_program,
    require_pushed,
)
from labs import paas
from labs.buildpacks_and_schedulers.detect import asked
from labs.buildpacks_and_schedulers.values import Values, lab, touched
from labs.paas.released import require_release

INDEX = ".site/index.html"


def resources(v: Values) -> list[Resource]:
    return [
        *paas.platform(),
        Directory(
            "pack",
            path=v.pack,
            files={"bin/detect": f"#!/bin/sh\n{asked(v)}\n"},
            file_mode=0o755,
            within="directory/paas",
        ),
        paas.repository(v.app),
        GitRepository(
            "source",
            path=v.work,
            files={v.marker: v.text},
            remotes={"platform": v.repository},
        ),
    ]


step = lab.step("build", daemons=("docker",), resources=resources, touches=touched)
COMPILE = "bin/compile"


@step.check("compile", points=2)
async def compiles(see: See, v: Values) -> None:
    await require_program(
        see,
        v.pack,
        ".",
        "cache",
        program=COMPILE,
        files={v.marker: v.text},
        makes={INDEX: v.page},
    )
    empty = await see(TrialProbe(v.pack, (".", "cache"), program=COMPILE, files={v.marker: ""}))
    require(
        empty.ran and not empty.timed_out and empty.code != 0,
        "takes-empty",
        expected=f"With an empty {v.marker}, compile ends with another code than 0.",
        observed="It ends with 0." if not empty.timed_out else "It does not end.",
        look=f"cat {v.pack}/{COMPILE}",
    )


@step.check("release", points=3, needs=("compile",))
async def releases(see: See, v: Values) -> None:
    source = await see.before(GitCommitProbe(v.work))
    await require_pushed(see, v.work, v.repository)
    pushed = await see(GitCommitProbe(v.repository, "main"))
    require(
        pushed.id == source.id,
        "other-source",
        expected=f"The source of {v.app} is the one from the beginning.",
        observed="A new commit was pushed.",
        look=f"git -C {v.work} log --oneline --stat -2",
    )
    number = await require_release(see, v.app, says=v.page.strip())
    state = f"{paas.HOME}/state/{v.app}/v{number}/Procfile"
    started = await see(FileProbe(state))
    require(
        "PORT" in started.content,
        "fixed-port",
        expected="The command of web waits at the port that the platform tells it in $PORT.",
        observed=f"It is {started.content.strip()[:80]!r}.",
        look=f"cat {state}",
    )


def script(v: Values, name: str, text: str) -> str:
    place = f"{v.pack}/bin/{name}"
    return f"cat > {place} <<'END'\n#!/bin/sh\n{text}END\nchmod +x {place}"


def good(v: Values) -> str:
    return (
        f'set -e\n[ -s "$1/{v.marker}" ]\nmkdir -p "$1/.site"\n'
        f'sed \'s/^/<li>/\' "$1/{v.marker}" > "$1/{INDEX}"\n'
    )


WEB = "exec httpd -f -p $PORT -h /app/.site"


def yaml(web: str = WEB, indent: str = "  ") -> str:
    return f"cat <<'YAML'\n---\ndefault_process_types:\n{indent}web: {web}\nYAML\n"


def push(v: Values) -> str:
    return f"cd {v.work} && git push platform main"


step.solution(
    "as shown",
    lambda v: [
        script(v, "compile", good(v)),
        script(v, "release", yaml()),
        push(v),
    ],
)
step.solution(
    "line by line, and another server's command",
    lambda v: [
        script(
            v,
            "compile",
            f"cd \"$1\" || exit 1\ntest -s {v.marker} || {{ echo 'it is empty'; exit 7; }}\n"
            'mkdir .site\nwhile read -r line; do echo "<li>$line"; done '
            f"< {v.marker} > {INDEX}\n",
        ),
        script(v, "release", yaml("cd /app/.site && exec httpd -v -f -p 0.0.0.0:${PORT}")),
        f"git -C {v.app} push platform HEAD:main",
    ],
)
step.near_miss(
    "an empty list is fine",
    lambda v: [
        script(v, "compile", good(v).replace(f'[ -s "$1/{v.marker}" ]\n', "")),
        script(v, "release", yaml()),
        push(v),
    ],
    rejected_by="compile",
    reason="takes-empty",
    explain="Something that cannot be right has become a release. `compile` is the place to refuse "
    "it: `[ -s FILE ]` asks whether there is something in a file, and `set -e` ends at a no.",
)
step.near_miss(
    "it complains, and goes on",
    lambda v: [
        script(
            v,
            "compile",
            good(v).replace("set -e\n", "").replace(" ]\n", " ] || echo 'it is empty'\n"),
        ),
        script(v, "release", yaml()),
        push(v),
    ],
    rejected_by="compile",
    reason="takes-empty",
    explain="Something that cannot be right has become a release. `compile` is the place to refuse "
    "it: `[ -s FILE ]` asks whether there is something in a file, and `set -e` ends at a no.",
)
step.near_miss(
    "the file as it is",
    lambda v: [
        script(v, "compile", good(v).replace("sed 's/^/<li>/'", "cat")),
        script(v, "release", yaml()),
        push(v),
    ],
    rejected_by="compile",
    reason="not-made",
)
step.near_miss(
    "beside the folder that is served",
    lambda v: [
        script(v, "compile", good(v).replace(INDEX, "index.html")),
        script(v, "release", yaml()),
        push(v),
    ],
    rejected_by="compile",
    reason="not-made",
)
step.near_miss(
    "refuses everything",
    lambda v: [
        script(v, "compile", f"{good(v)}exit 1\n"),
        script(v, "release", yaml()),
        f"{push(v)} || true",
    ],
    rejected_by="compile",
    reason="other-code",
)
step.near_miss(
    "a fixed port",
    lambda v: [
        script(v, "compile", good(v)),
        script(v, "release", yaml(WEB.replace("$PORT", "5000"))),
        push(v),
    ],
    rejected_by="release",
    reason="fixed-port",
    explain="It works today, since the platform's port happens to be this one. The platform may "
    "choose another: it says which in `$PORT`.",
)
step.near_miss(
    "a port that nobody told",
    lambda v: [
        script(v, "compile", good(v)),
        script(v, "release", yaml(WEB.replace("$PORT", "8080"))),
        f"timeout 60 git -C {v.app} push platform main || true",
    ],
    rejected_by="release",
    reason="nothing-pushed",
)
step.near_miss(
    "not below default_process_types",
    lambda v: [
        script(v, "compile", good(v)),
        script(v, "release", yaml(indent="")),
        push(v),
    ],
    rejected_by="release",
    reason="not-deployed",
)
step.near_miss(
    "a Procfile in the source instead",
    lambda v: [
        script(v, "compile", good(v)),
        f"cd {v.work} && echo 'web: {WEB}' > Procfile && git add . && git commit -qm start && "
        "git push platform main",
    ],
    rejected_by="release",
    reason="other-source",
    explain="It runs, but now each app of this kind has to say how it is started. That is what the "
    "buildpack is for. `git reset --hard HEAD~1` takes the commit back on your side; the push then "
    "needs `--force`.",
)
step.near_miss(
    "not pushed",
    lambda v: [script(v, "compile", good(v)), script(v, "release", yaml())],
    rejected_by="release",
    reason="nothing-pushed",
)
