"""From source to something that runs: a buildpack's other two scripts."""

from __future__ import annotations

import re

from lab_engine.authoring import (
    Directory,
    FileProbe,
    GitCommitProbe,
    GitRepository,
    Resource,
    See,
    TrialProbe,
    as_read,
    require,
    require_program,
    require_pushed,
)
from labs import paas
from labs.buildpacks_and_schedulers.detect import HERE, SPLIT, asked
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
COMPILE, RELEASE = "bin/compile", "bin/release"
SOURCE, BLANK = "source", "the old source"


@step.check("compile", points=2)
async def compiles(see: See, v: Values) -> None:
    look = f"cat {v.pack}/{COMPILE}"
    source = {f"{SOURCE}/{v.marker}": v.text}
    first = await see(TrialProbe(v.pack, (SOURCE, "cache"), program=COMPILE, files=source))
    require(
        INDEX not in first.made,
        "made-here",
        expected=f"compile makes {INDEX} in the source's folder, wherever it is started.",
        observed="It makes it in the folder where it is started.",
        look=look,
    )
    await require_program(
        see,
        v.pack,
        SOURCE,
        "cache",
        program=COMPILE,
        files=source,
        makes={f"{SOURCE}/{INDEX}": v.page},
        look=look,
    )
    blank = await see(
        TrialProbe(v.pack, (BLANK, "cache"), program=COMPILE, files={f"{BLANK}/{v.marker}": v.text})
    )
    require(
        as_read(blank.made.get(f"{BLANK}/{INDEX}", "")) == as_read(v.page),
        "splits-a-name",
        expected=f"Of source in a folder called '{BLANK}', compile makes the same page.",
        observed=f"It ends with {blank.code}, and makes none.",
        look=look,
    )
    empty = await see(
        TrialProbe(v.pack, (SOURCE, "cache"), program=COMPILE, files={f"{SOURCE}/{v.marker}": ""})
    )
    require(
        empty.ran and not empty.timed_out and empty.code != 0,
        "takes-empty",
        expected=f"With an empty {v.marker}, compile ends with another code than 0.",
        observed="It ends with 0." if not empty.timed_out else "It does not end.",
        look=look,
    )


@step.check("release", points=3, needs=("compile",))
async def releases(see: See, v: Values) -> None:
    printed = await see(TrialProbe(v.pack, (".",), program=RELEASE))
    look = f"{v.pack}/{RELEASE} ."
    require(
        not printed.exists or not printed.ran or "PORT" in printed.out,
        "fixed-port",
        expected="The command that release prints has $PORT in it.",
        observed=f"It prints {printed.out.strip()[-80:]!r}.",
        look=look,
    )
    source = await see.before(GitCommitProbe(v.work))
    await require_pushed(see, v.work, v.repository)
    pushed = await see(GitCommitProbe(v.repository, "main"))
    require(
        pushed.tree == source.tree,
        "other-source",
        expected=f"The source of {v.app} is the one from the beginning.",
        observed="Other files, or others' content, were pushed.",
        look=f"git -C {v.work} log --oneline --stat -2",
    )
    state = f"{paas.HOME}/state/{v.app}"
    releases = await see(FileProbe(f"{state}/releases"))
    kept = f"{state}/v{len(releases.content.splitlines())}/Procfile"
    started = await see(FileProbe(kept))
    require(
        not started.exists or re.search("^web:", started.content, re.MULTILINE),
        "no-web",
        expected="The release has a type of process web.",
        observed=f"Of types it has {started.content.strip()[:80] or 'none'!r}.",
        look=f"{look} ; cat {kept}",
    )
    await require_release(see, v.app, says=v.page.strip())
    require(
        "PORT" in started.content,
        "older-command",
        expected="The command of web that was released has $PORT in it.",
        observed=f"It is {started.content.strip()[:80]!r}.",
        look=f"cat {kept}",
    )
    await require_program(see, v.pack, ".", program=RELEASE, look=f"cat {v.pack}/{RELEASE}")


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


AS_PUSHED = (
    "What runs was made by the scripts as they were when it was pushed. A push without a new "
    "commit makes nothing: `git commit --allow-empty -m again` gives one to push."
)
NO_WEB = (
    "The platform takes those lines of what `release` prints that begin with two blanks and a type "
    "in small letters. It starts nothing for a type other than web."
)
TOLD = (
    "The platform says in `$PORT` where it will ask: today at 5000, tomorrow elsewhere. Those very "
    "letters have to be printed, and `<<'YAML'` with its quotes leaves them alone."
)


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
step.solution(
    "a wrong page first, which an empty commit follows",
    lambda v: [
        f"{script(v, 'compile', good(v).replace('<li>', '<dt>'))} && "
        f"cp {paas.HOME}/buildpacks/10-static/bin/release {v.pack}/bin/ && {push(v)}",
        f"{script(v, 'compile', good(v))} && cd {v.work} && "
        "git commit -q --allow-empty -m again && git push platform main",
    ],
)
step.near_miss(
    "mended, and pushed in vain",
    lambda v: [
        script(v, "compile", good(v).replace("<li>", "<dt>")),
        script(v, "release", yaml()),
        push(v),
        f"{script(v, 'compile', good(v))} && {push(v)}",
    ],
    rejected_by="release",
    reason="other-page",
    explain=AS_PUSHED,
)
step.near_miss(
    "without a release script: another buildpack's",
    lambda v: [
        script(v, "compile", good(v)),
        f"cp -r {v.pack} {paas.HOME}/buildpacks/05-mine && "
        f"cp {paas.HOME}/buildpacks/10-static/bin/release {paas.HOME}/buildpacks/05-mine/bin/",
        push(v),
    ],
    rejected_by="release",
    reason="no-program",
)
step.near_miss(
    "in the folder where it happens to be",
    lambda v: [
        script(v, "compile", good(v).replace('"$1/.site', '".site')),
        script(v, "release", yaml()),
        f"{push(v)} || true",
    ],
    rejected_by="compile",
    reason="made-here",
    explain=HERE,
)
step.near_miss(
    "without the quotes",
    lambda v: [
        script(v, "compile", good(v).replace('"', "")),
        script(v, "release", yaml()),
        push(v),
    ],
    rejected_by="compile",
    reason="splits-a-name",
    explain=SPLIT,
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
    explain=TOLD,
)
step.near_miss(
    "a port that nobody told",
    lambda v: [
        script(v, "compile", good(v)),
        script(v, "release", yaml(WEB.replace("$PORT", "8080"))),
        f"timeout 60 git -C {v.app} push platform main || true",
    ],
    rejected_by="release",
    reason="fixed-port",
    explain=TOLD,
)
step.near_miss(
    "a fixed port, mended in vain",
    lambda v: [
        script(v, "compile", good(v)),
        script(v, "release", yaml(WEB.replace("$PORT", "5000"))),
        push(v),
        f"{script(v, 'release', yaml())} && {push(v)}",
    ],
    rejected_by="release",
    reason="older-command",
    explain=AS_PUSHED,
)
step.near_miss(
    "not below default_process_types",
    lambda v: [
        script(v, "compile", good(v)),
        script(v, "release", yaml(indent="")),
        push(v),
    ],
    rejected_by="release",
    reason="no-web",
    explain=NO_WEB,
)
step.near_miss(
    "another type",
    lambda v: [
        script(v, "compile", good(v)),
        script(v, "release", yaml().replace("  web:", "  worker:")),
        push(v),
    ],
    rejected_by="release",
    reason="no-web",
    explain=NO_WEB,
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
