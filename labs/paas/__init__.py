"""The tiny platform that four lessons of chapter 3 share: what lies in `/srv/paas`.

It is no lesson of its own. `given/paas` is the whole program, `given/buildpacks/` what it knows of
languages, and `given/pre-receive` the hook by which git calls it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from lab_engine.authoring import Directory, File, GitRepository, Image, Resource

HOME: Final = "/srv/paas"
REPOSITORIES: Final = f"{HOME}/repos"
WORK: Final = "/home/learner/work"
PORT: Final = 5000
APP: Final = "paas.app"
RELEASE: Final = "paas.release"
TYPE: Final = "paas.type"
_GIVEN: Final = Path(__file__).parent / "given"


def files() -> dict[str, str]:
    """The program and its buildpacks, relative to `HOME`."""
    found = [_GIVEN / "paas", *sorted((_GIVEN / "buildpacks").rglob("bin/*"))]
    return {str(path.relative_to(_GIVEN)): path.read_text() for path in found}


def hook(app: str) -> str:
    """The hook that deploys what is pushed, as it is in the repository of an app."""
    return (_GIVEN / "pre-receive").read_text().replace("app=APP", f"app={app}")


def platform() -> list[Resource]:
    """The platform without an app, and the name under which the learner commits."""
    return [
        Image("busybox"),
        Directory("paas", path=HOME, files=files(), file_mode=0o755),
        File(
            "gitconfig",
            path="/home/learner/.gitconfig",
            content="[user]\n\tname = learner\n\temail = learner@lab.test\n"
            "[init]\n\tdefaultBranch = main\n[advice]\n\tdetachedHead = false\n",
        ),
    ]


def repository(app: str, *, hooked: bool = True, files: dict[str, str] | None = None) -> Resource:
    """A bare repository to push to; with the hook, what is pushed is deployed."""
    return GitRepository(
        f"repo-{app}",
        path=f"{REPOSITORIES}/{app}.git",
        bare=True,
        hooks={"pre-receive": hook(app)} if hooked else {},
        files=files or {},
        after=("directory/paas",),
    )
