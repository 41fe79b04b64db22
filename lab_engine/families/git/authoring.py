"""What a lab may ask for and ask about of git repositories."""

from __future__ import annotations

from lab_engine.families.git.probes import (
    GitCommitProbe,
    GitCommitReading,
    GitFile,
    GitMove,
    GitMovesProbe,
    GitMovesReading,
    GitPushProbe,
    GitPushReading,
    GitRepositoriesProbe,
    GitRepositoriesReading,
    GitRepositoryProbe,
    GitRepositoryReading,
)
from lab_engine.families.git.requirements.repositories import (
    require_committed,
    require_hook,
    require_push_refused,
    require_pushed,
    require_repository,
)
from lab_engine.families.git.resources import GitRepository

__all__ = [
    "GitCommitProbe",
    "GitCommitReading",
    "GitFile",
    "GitMove",
    "GitMovesProbe",
    "GitMovesReading",
    "GitPushProbe",
    "GitPushReading",
    "GitRepositoriesProbe",
    "GitRepositoriesReading",
    "GitRepository",
    "GitRepositoryProbe",
    "GitRepositoryReading",
    "require_committed",
    "require_hook",
    "require_push_refused",
    "require_pushed",
    "require_repository",
]
