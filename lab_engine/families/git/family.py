"""Git repositories: what is in them, what was pushed, and what a push would bring about."""

from __future__ import annotations

from typing import Final

from lab_engine.families.family import Drawn, Family
from lab_engine.families.git import probes, resources

FAMILY: Final = Family(
    name="git",
    pack="git",
    threads=4,
    resources={resources.GitRepository: "repository:GitRepositoryProvider"},
    probes=(
        probes.GitCommitProbe,
        probes.GitMovesProbe,
        probes.GitPushProbe,
        probes.GitRepositoriesProbe,
        probes.GitRepositoryProbe,
    ),
    readers=("readers", "push"),
    drawn={"git-repository": Drawn("repository", "store", "⎇")},
)
