"""Repositories, for the contract suite; in a bench with the pack."""

from __future__ import annotations

from lab_engine.families.git.resources import GitRepository
from tests.families.case import Case, Damage, changes

PACKS = ("git",)
REFUSES = "#!/bin/sh\nexit 1\n"
AS = "runuser -u learner -- git"

CASES = (
    Case(
        "git-repository-bare",
        GitRepository(
            "shop",
            path="/srv/git/shop.git",
            bare=True,
            files={"index.html": "hello\n", "bin/go": "#!/bin/sh\n"},
            hooks={"pre-receive": REFUSES},
        ),
        packs=PACKS,
        shown=f"{AS} -C /srv/git/shop.git show main:index.html | grep -q hello; "
        "test -x /srv/git/shop.git/hooks/pre-receive",
        damages=changes(
            "chmod -x /srv/git/shop.git/hooks/pre-receive",
            "rm /srv/git/shop.git/hooks/pre-receive",
            "echo exit 0 > /srv/git/shop.git/hooks/pre-receive",
            "rm /srv/git/shop.git/refs/heads/main",
            "rm /srv/git/shop.git/HEAD",
            "chown root /srv/git/shop.git",
            "chmod 700 /srv/git/shop.git",
            f"{AS} -C /srv/git/shop.git config core.bare false",
            f"{AS} -C /srv/git/shop.git update-ref refs/heads/main $({AS} -C /srv/git/shop.git "
            "-c user.name=a -c user.email=b commit-tree -m other main^{tree})",
            Damage("rm -r /srv/git/shop.git", leaves="gone"),
        ),
        foreign="mkdir -p /srv/git; git init -q --bare /srv/git/shop.git",
        theirs="git -C /srv/git/shop.git rev-parse --is-bare-repository",
    ),
    Case(
        "git-repository-work",
        GitRepository(
            "site",
            path="/home/learner/work/site",
            files={"index.html": "hello\n"},
            remotes={"origin": "/srv/git/site.git"},
        ),
        packs=PACKS,
        shown=f"cd /home/learner/work/site; {AS} status --porcelain | cmp - /dev/null; "
        "grep -q hello index.html",
        damages=changes(
            f"{AS} -C /home/learner/work/site remote remove origin",
            f"{AS} -C /home/learner/work/site config remote.origin.url /tmp",
            "rm -r /home/learner/work/site/.git",
        ),
    ),
    Case(
        "git-repository-empty",
        GitRepository("empty", path="/srv/empty.git", bare=True, branch="trunk"),
        packs=PACKS,
        shown=f"{AS} -C /srv/empty.git symbolic-ref HEAD | grep -q trunk",
        damages=changes(f"{AS} -C /srv/empty.git config infralab.made x"),
    ),
)
